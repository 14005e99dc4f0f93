"""A source on a table of processes, with an Ollama that knows the blob aaa as a:latest, and a clock of the test's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from llama_metrics.collectors.runner.reading import Reading, Runner
from llama_metrics.collectors.runner.source import RunnerSource
from tests.support.fake_ollama import Behaviour, http
from tests.support.fake_runner import BLOB
from tests.support.host import context
from tests.support.process_table import ProcessTable

B = "sha256-" + "b" * 64
# An address that refuses.
NOBODY = "http://127.0.0.1:9"


def api(**models: str) -> Mapping[str, Behaviour]:
    """The answers of an Ollama with models that are made of one blob each, which they all are made of if it is one."""
    models = models or {"a": BLOB}
    installed = [{"name": f"{name}:latest", "digest": name} for name in models]
    shown = "\n".join(f"FROM /x/{blob}" for blob in models.values()) + "\n"
    return {
        "/api/version": http('{"version":"0.33.0"}'),
        "/api/tags": http(json.dumps({"models": installed})),
        "/api/show": http(json.dumps({"modelfile": shown})),
    }


class Asked:
    """A source, with a clock that a test moves."""

    def __init__(self, table: ProcessTable, folder: Path, url: str = NOBODY, *, metrics: bool = False) -> None:
        self.table, self.ahead = table, 0.0
        self.source = RunnerSource(table, context(folder, url, monotonic=self.clock), metrics=metrics)

    def clock(self) -> float:
        """Monotonic seconds."""
        return time.monotonic() + self.ahead

    def read(self, seconds: float = 5.0) -> Reading:
        """A scrape that has so much time."""
        return self.source.read(self.clock() + seconds)

    def one(self, seconds: float = 5.0) -> Runner:
        """The only runner of a scrape."""
        (runner,) = self.read(seconds).runners
        return runner

    def states(self, seconds: float = 5.0) -> list[str]:
        """The states of the runners of a scrape."""
        return [runner.state for runner in self.read(seconds).runners]


# Asks the runners of a table, and Ollama at an address, with `metrics` or without.
Ask = Callable[..., Asked]
