"""A source that asks one route and parses the answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from llama_metrics.ollama.client import Client

Answer = TypeVar("Answer")
Reading = TypeVar("Reading")


class Polled(Generic[Answer, Reading]):
    """Reads `path`; an answer younger than `max_age` seconds serves again, a failure never does.

    Args:
        client: asks Ollama.
        path: the route.
        kind: the answer's type.
        parse: an answer as a reading and how many of its values were dropped because they cannot be true.
        max_age: seconds.
        monotonic: tells `max_age`.

    """

    def __init__(
        self,
        client: Client,
        path: str,
        kind: type[Answer],
        parse: Callable[[Answer], tuple[Reading, int]],
        max_age: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._path, self._kind, self._parse = client, path, kind, parse
        self._max_age, self._monotonic = max_age, monotonic
        self._kept: tuple[float, Reading] | None = None
        self.rejected = 0

    def read(self, deadline: float) -> Reading:
        """The reading, by `deadline` (monotonic seconds). Raises SourceError."""
        if self._kept and self._monotonic() - self._kept[0] < self._max_age:
            return self._kept[1]
        self._kept = None
        reading, rejected = self._parse(self._client.get(self._path, self._kind, deadline))
        self.rejected += rejected
        self._kept = (self._monotonic(), reading)
        return reading

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()
