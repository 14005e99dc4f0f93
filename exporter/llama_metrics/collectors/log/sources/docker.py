"""Ollama's log in a container, asked from Docker's engine: GET /containers/NAME/logs.

What the container wrote since its last start is the past; a second answer follows from there. Every line comes with
its time stamp. Where an answer ends (the container or the engine was restarted), the next one is asked from a stamp on
that is known, and the lines that were given already are told by theirs.
"""

from __future__ import annotations

import time
from typing import Literal
from urllib.parse import quote

import msgspec

from llama_metrics.collectors.log.sources.docker_api import Answer, Engine, NotThere
from llama_metrics.collectors.log.sources.docker_frames import Demultiplexer
from llama_metrics.collectors.log.sources.docker_given import Given, nanoseconds
from llama_metrics.collectors.log.sources.source import Block
from llama_metrics.errors import SourceError, Stale, Unreachable
from llama_metrics.system.backoff import Backoff

PAST_LINES = 20_000


class Listed(msgspec.Struct, frozen=True):
    """A running container, as GET /containers/json lists it."""

    names: list[str] = msgspec.field(name="Names", default_factory=list)
    image: str = msgspec.field(name="Image", default="")


class _Config(msgspec.Struct, frozen=True):
    tty: bool = msgspec.field(name="Tty", default=False)


class _State(msgspec.Struct, frozen=True):
    running: bool = msgspec.field(name="Running", default=False)
    started: str = msgspec.field(name="StartedAt", default="")


class _Container(msgspec.Struct, frozen=True):
    config: _Config = msgspec.field(name="Config", default=_Config())
    state: _State = msgspec.field(name="State", default=_State())


def running_ollamas(engine: Engine) -> list[str]:
    """The names of running containers whose image is called ollama, whoever made it. Raises SourceError."""
    found = []
    for listed in engine.get("/containers/json", list[Listed]):
        image = listed.image.partition("@")[0].rpartition("/")[2].partition(":")[0]
        found += [name.removeprefix("/") for name in listed.names[:1] if image == "ollama"]
    return sorted(found)


class DockerSource:
    """A container's log.

    Args:
        container: its name or id.
        engine: the engine that runs it.
        backoff: when an answer that ended is asked for again.

    """

    def __init__(self, container: str, engine: Engine, backoff: Backoff | None = None) -> None:
        self._container, self._engine = container, engine
        self._backoff = backoff or Backoff()
        self._path = f"/containers/{quote(container, safe='')}"
        self._phase: Literal["look", "past", "live"] = "look"
        self._given = Given(0)
        self._answer: Answer | None = None
        self._demultiplexer = Demultiplexer(tty=False)
        self._failure: SourceError | None = None
        self._trouble: SourceError | None = None
        self.rotations = 0

    def read(self, seconds: float) -> Block | None:
        """See LogSource. While the engine is still asked for the past, there are blocks without text."""
        ends = time.monotonic() + seconds
        while True:
            if self._answer is None:
                self._open()
            block = self._step(max(0.0, ends - time.monotonic()))
            if block is not None:
                return block
            if time.monotonic() >= ends:
                return None if self._phase == "live" else Block(b"", past=True)

    def unread(self) -> int | None:
        """Docker does not tell."""
        return None

    def close(self) -> None:
        """Closes the answer under way."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def _open(self) -> None:
        """The next answer. Raises what the last one ended with as long as it is too early for the next."""
        if self._failure is not None and self._backoff.left():
            raise type(self._failure)(str(self._failure))
        try:
            container = self._inspect()
            if self._phase == "look":
                self._phase, self._given = "past", Given(max(0, nanoseconds(container.state.started.encode() + b" ")))
            elif self._phase == "live" and not container.state.running:
                # Its log would end at once, again and again.
                raise Stale(f"the container {self._container} is not running; its log is read on when it is")
            options = f"&tail={PAST_LINES}" if self._phase == "past" else "&follow=1"
            since = "{}.{:09}".format(*divmod(self._given.since, 10**9))
            self._answer = self._engine.open(f"{self._path}/logs?stdout=1&stderr=1&timestamps=1&since={since}{options}")
        except SourceError as error:
            raise self._failed(error) from None
        self._demultiplexer = Demultiplexer(tty=container.config.tty)
        self._given.again()
        self.rotations += self._failure is not None and self._phase == "live"
        self._failure = None

    def _inspect(self) -> _Container:
        try:
            return self._engine.get(f"{self._path}/json", _Container)
        except NotThere:
            others = ", ".join(running_ollamas(self._engine)) or "none"
            raise Unreachable(
                f"Docker knows no container {self._container}; running ones with an image called ollama: {others};"
                " name it in collectors.log.container"
            ) from None

    def _step(self, seconds: float) -> Block | None:
        assert self._answer is not None  # noqa: S101  read() has opened it
        try:
            if self._trouble is not None:
                raise self._trouble
            piece = self._answer.read(seconds)
            if piece:
                return self._take(piece)
        except SourceError as error:
            self.close()
            raise self._failed(error) from None
        if piece is None:
            return None
        self.close()
        if self._phase == "live":
            raise self._failed(Stale(f"the log of the container {self._container} has ended; it is asked for again"))
        self._phase = "live"
        return None

    def _failed(self, error: SourceError) -> SourceError:
        self._failure, self._trouble = error, None
        self._backoff.failed()
        return error

    def _take(self, piece: bytes) -> Block | None:
        """The lines that end in the piece and were not given before."""
        lines, overlong = [], 0
        try:
            for block in self._demultiplexer.feed(piece):
                lines += [new for line in block.text.split(b"\n")[:-1] if (new := self._given.new(line + b"\n"))]
                overlong += 0 if self._given.replayed else block.overlong
        except SourceError as error:
            # What came before it is handed on first: it will not be given again.
            self._trouble = error
        if not lines and not overlong:
            return None
        self._backoff.succeeded()
        return Block(b"".join(lines), self._phase == "past", overlong)
