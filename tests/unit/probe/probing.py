"""A prober over a fake Ollama, with a clock that the test moves."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

from llama_metrics.collector import Context
from llama_metrics.collectors.probe.options import Interval, ProbedModel, ProbeOptions
from llama_metrics.collectors.probe.prober import Prober
from llama_metrics.collectors.probe.reading import Probed
from llama_metrics.collectors.probe.source import ProbeSource
from llama_metrics.duration import Duration
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.names import ModelName
from tests.support import collectors
from tests.support.exporter import NOW
from tests.support.fake_ollama import Behaviour, FakeOllama, http, raw

PS, GENERATE = "/api/ps", "/api/generate"
# Something is wrong where what is waited for has not come by then.
SOON = 5.0
FIRST = b'{"model":"a:1","created_at":"2026-11-21T07:17:03Z","response":" still","done":false}\n'
LAST = (
    b'{"model":"a:1","created_at":"2026-11-21T07:17:03Z","response":"","done":true,"done_reason":"length",'
    b'"total_duration":10924240,"load_duration":1219410,"prompt_eval_count":2,"prompt_eval_duration":1371000,'
    b'"eval_count":1,"eval_duration":25000}\n'
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(*pieces: bytes) -> bytes:
    """The pieces as HTTP frames them, without the end."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def answer(*lines: bytes) -> Behaviour:
    """A whole answer of these lines."""
    return raw(HEAD + chunked(*lines) + b"0\r\n\r\n")


def loaded_in(seconds: float) -> Behaviour:
    """An answer that says so much time went into loading."""
    return answer(FIRST, LAST.replace(b"1219410", b"%d" % (seconds * 1e9)))


def ps(*models: dict[str, Any]) -> Behaviour:
    """These models in memory."""
    return http(json.dumps({"models": models}))


def in_memory(name: str, context: int | None = 4096, *, pinned: bool = False, seconds: float = 300) -> dict[str, Any]:
    """A model as /api/ps lists it."""
    end = "2319-03-03T06:04:49Z" if pinned else datetime.fromtimestamp(NOW + seconds, UTC).isoformat()
    told = {"name": name, "model": name, "size": 10, "size_vram": 10, "expires_at": end}
    return told if context is None else told | {"context_length": context}


def named(*names: str, load: bool = False, timeout: float = 5.0, interval: float = 60.0) -> ProbeOptions:
    """The configuration of a probe of these models."""
    models = tuple(ProbedModel(ModelName.parse(name), load) for name in names)
    return ProbeOptions(enabled=True, timeout=Duration(timeout), interval=Interval(interval), models=models)


class Waiting:
    """Says a part of an answer, then nothing, or the same piece again and again; `left` is set when the client has."""

    def __init__(self, said: bytes, again: bytes = b"") -> None:
        self._said, self._again = said, again
        self.begun, self.left = threading.Event(), threading.Event()

    def __call__(self, connection: socket.socket) -> None:
        """Until the client leaves."""
        # However it leaves: with an end, or with a reset while something was on its way.
        with suppress(OSError):
            connection.sendall(self._said)
            self.begun.set()
            connection.settimeout(0.1 if self._again else None)
            while self._goes_on(connection):
                connection.sendall(self._again)
        self.left.set()

    def _goes_on(self, connection: socket.socket) -> bool:
        try:
            return bool(connection.recv(1024))
        except TimeoutError:
            return True


class Probing:
    """A prober, while it is entered.

    Attributes:
        ollama: which it asks; /api/generate answers with a token unless told otherwise.
        seconds: the clock, moved by the test; every request takes none of it.

    """

    def __init__(self, options: ProbeOptions, *models: dict[str, Any]) -> None:
        self.ollama = FakeOllama({PS: ps(*models), GENERATE: answer(FIRST, LAST)})
        self.seconds = 0.0
        self._options = options

    def __enter__(self) -> Self:
        self.ollama.__enter__()
        self.prober = Prober(Client(self.ollama.url, {}, lambda: self.seconds), self._options, self.context, self._no)
        return self

    def __exit__(self, *_: object) -> None:
        self.ollama.__exit__()

    @property
    def context(self) -> Context:
        """The clocks, and whom to ask."""
        base = collectors.context(self.ollama.url)
        return replace(base, now=lambda: NOW + self.seconds, monotonic=lambda: self.seconds)

    def holds(self, *models: dict[str, Any]) -> None:
        """From now on these are in memory."""
        self.ollama.answers[PS] = ps(*models)

    def says(self, behaviour: Behaviour) -> None:
        """From now on this is the answer to a probe."""
        self.ollama.answers[GENERATE] = behaviour

    def round(self, minutes: float = 1.0) -> dict[str, Probed]:
        """A round, so many minutes after the one before; what is known then, by model."""
        self.seconds += minutes * 60
        self.prober.round(lambda: False)
        return {one.model: one for one in self.prober.reading()}

    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the probes."""
        pairs = zip(self.ollama.heads, self.ollama.bodies, strict=True)
        return [json.loads(body) for head, body in pairs if head.startswith(f"POST {GENERATE} ")]

    def _no(self, seconds: float) -> None:
        """Nobody watches how long it takes."""


def changed(counts: tuple[tuple[str, int], ...]) -> dict[str, int]:
    """The counts by reason that are not 0."""
    return {reason: count for reason, count in counts if count}


def names(asked: list[dict[str, Any]]) -> list[str]:
    """Which models were asked."""
    return [body["model"] for body in asked]


@contextmanager
def opened(ollama: FakeOllama, options: ProbeOptions) -> Iterator[ProbeSource]:
    """A source with real clocks."""
    source = ProbeSource(options, collectors.context(ollama.url))
    try:
        yield source
    finally:
        source.close()
