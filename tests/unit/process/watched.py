"""A source on a table of processes, and an API that knows their models."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

from llama_metrics.collectors.process.reading import Reading
from llama_metrics.collectors.process.source import ProcessSource
from tests.support.fake_ollama import Behaviour, http
from tests.support.host import context
from tests.support.process_table import ProcessTable


def api(*names: str) -> dict[str, Behaviour]:
    """The answers of an Ollama whose models are made of the blobs aaa, bbb, ... in this order."""
    models = [{"name": name, "digest": f"{number:064x}"} for number, name in enumerate(names)]
    shown = [http(json.dumps({"modelfile": f"FROM /x/sha256-{chr(97 + n) * 64}\n"})) for n in range(len(names))]

    def show(connection: socket.socket) -> None:
        shown.pop(0)(connection)

    return {
        "/api/version": http('{"version":"0.33.0"}'),
        "/api/tags": http(json.dumps({"models": models})),
        "/api/show": show,
    }


class Watched:
    """A source on a table, with a clock that a test moves."""

    def __init__(self, name: str, folder: Path, url: str) -> None:
        self.table, self.ahead = ProcessTable.load(name), 0.0
        self.asked: list[int] = []
        self.source = ProcessSource(self.table, self._count, context(folder, url, monotonic=self.clock))

    def clock(self) -> float:
        """Monotonic seconds."""
        return time.monotonic() + self.ahead

    def read(self, seconds: float = 5.0) -> Reading:
        """A scrape that has so much time."""
        return self.source.read(self.clock() + seconds)

    def _count(self, pids: object) -> int:
        self.asked = list(pids)  # type: ignore[call-overload]
        return 7
