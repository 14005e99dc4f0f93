"""A client that is told what comes back and when, without a connection: for what depends on the clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from llama_metrics.errors import SourceError
from llama_metrics.ollama.answers import decode
from llama_metrics.ollama.client import Client
from tests.unit.probe.probing import GENERATE, PS

Answer = TypeVar("Answer")


class Told(Client):
    """Answers at moments that are counted from the request.

    Attributes:
        seconds: the clock.
        running: what /api/ps lists, or how it fails.
        moments: the lines of the answer to a probe.
        error: how it ends after them, if it does.
        bodies: what was asked.

    """

    def __init__(self, *moments: tuple[float, bytes]) -> None:
        super().__init__("http://127.0.0.1:9", {}, lambda: self.seconds)
        self.seconds = 100.0
        self.running: tuple[dict[str, Any], ...] | SourceError = ()
        self.moments, self.error = moments, None if moments else SourceError()
        self.bodies: list[Mapping[str, object]] = []

    def get(self, path: str, kind: type[Answer], deadline: float) -> Answer:
        """As Client.get."""
        assert (path, deadline) == (PS, self.seconds + 5)
        if isinstance(self.running, SourceError):
            self.seconds = deadline
            raise self.running
        return decode(json.dumps({"models": self.running}).encode(), kind)

    def stream(
        self, path: str, body: Mapping[str, object], take: Callable[[bytes], Answer | None], deadline: float
    ) -> Answer:
        """As Client.stream."""
        assert (path, deadline) == (GENERATE, self.seconds + 60)
        self.bodies.append(body)
        began = self.seconds
        for moment, line in self.moments:
            self.seconds = began + moment
            if (found := take(line)) is not None:
                return found
        self.seconds = deadline
        assert self.error, "the lines were not enough"
        raise self.error
