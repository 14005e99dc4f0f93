"""Recorded and simulated answers in one form, to be compared."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FIXTURES = Path(__file__).parent.parent / "fixtures/ollama/0.33.0-rc2"


@dataclass(frozen=True)
class Exchange:
    """An answer: status and reason, headers in their order, body."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def names(self) -> list[str]:
        """The headers' names in their order."""
        return [name for name, _ in self.headers]

    @property
    def undated(self) -> tuple[str, list[tuple[str, str]], bytes]:
        """All of it that does not depend on the day."""
        return self.status, [(name, value) for name, value in self.headers if name != "Date"], self.body


def recorded(name: str) -> Exchange:
    """The answer of a real Ollama 0.33.0-rc2."""
    head, _, body = (FIXTURES / f"{name}.http").read_bytes().partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = tuple((line.partition(": ")[0], line.partition(": ")[2]) for line in lines)
    return Exchange(status.removeprefix("HTTP/1.1 "), headers, body)


def asked(url: str, method: str, target: str, host: str | None = None) -> Exchange:
    """The answer of whoever listens at the URL."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request(method, target, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return Exchange(f"{answer.status} {answer.reason}", tuple(answer.getheaders()), answer.read())
    finally:
        connection.close()


def shape(body: bytes) -> Any:
    """Keys in their order and types, all the way down; of a list, the shapes that occur in it."""
    return _shape(json.loads(body))


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, _shape(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        shapes: list[Any] = []
        for item in map(_shape, value):
            if item not in shapes:
                shapes.append(item)
        return shapes
    return type(value).__name__
