"""The exporter as its users run it: a process of its own, scraped as Prometheus does."""

from __future__ import annotations

import gzip
import http.client
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psutil
import yaml

from llama_metrics.collectors import ALL

# Word for word what Prometheus 3.5 sends: it decides the format of the page, and so its cost.
_HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "Accept-Encoding": "gzip",
    "X-Prometheus-Scrape-Timeout-Seconds": "10",
}

# Asked at every scrape, not kept for a minute as shipped.
TAGS_ALWAYS: Mapping[str, Any] = {"tags": {"max_age": "1ms"}}


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds: threads, descriptors, bytes in RAM."""

    threads: int
    descriptors: int
    resident: int


class Exporter:
    """The process, while it is entered; entering waits until it listens.

    Args:
        ollama: the address it watches.
        folder: where its configuration is written.
        collectors: the key `collectors` of that; of this machine only what stands in it is read.

    """

    def __init__(self, ollama: str, folder: Path, collectors: Mapping[str, Any] = {}) -> None:
        file = folder / "llama-metrics.yml"
        file.write_text(
            yaml.safe_dump({"targets": [{"name": "default", "url": ollama}], "collectors": dict(collectors)})
        )
        arguments = ["--config.file", str(file), "--web.listen-address", "127.0.0.1:0"]
        hosts = (collector.name for collector in ALL if collector.scope == "host")
        arguments += [f"--no-collector.{name}" for name in hosts if name not in collectors]
        self._command = [sys.executable, "-m", "llama_metrics", *arguments]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        said = self._process.stderr.readline()
        # A pipe that nobody empties would stop the exporter at some later line of its log.
        self._log = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._log.start()
        if "msg=listening" not in said:
            self._end()
            raise RuntimeError(f"the exporter did not start; it says: {said}")
        url = dict(word.partition("=")[::2] for word in said.split())["url"]
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
        self._own = psutil.Process(self._process.pid)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._end()

    def scrape(self) -> bytes:
        """A page as it came, compressed. Raises RuntimeError for another answer than 200."""
        self._connection.request("GET", "/metrics", headers=_HEADERS)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"GET /metrics: HTTP {answer.status}: {body[:200]!r}")
        return body

    def page(self) -> list[str]:
        """A page as lines."""
        return gzip.decompress(self.scrape()).decode().splitlines()

    def cpu(self) -> float:
        """Seconds of CPU, user and system, that it has used so far."""
        times = self._own.cpu_times()
        return float(times.user + times.system)

    def held(self) -> Held:
        """What it holds at this moment."""
        return Held(self._own.num_threads(), self._own.num_fds(), self._own.memory_info().rss)

    def _end(self) -> None:
        with self._process:
            self._process.terminate()
            self._log.join()
