"""The frames of Docker's log: eight bytes that name the stream and the length, then so much of that stream."""

from __future__ import annotations

from collections.abc import Iterator

from llama_metrics.collectors.log.sources.source import Block
from llama_metrics.collectors.log.sources.splitter import Splitter
from llama_metrics.errors import BadAnswer

_STREAMS = (0, 1, 2)
_TROUBLE = 3


class Demultiplexer:
    """Takes an answer apart into whole lines of standard output and of standard error, in the order of their ends.

    A container with a terminal has but one stream, and no frames. Where Docker cuts a line, at 16 KiB, a second time
    stamp stands in it: no line of Ollama that is counted is nearly as long.
    """

    def __init__(self, *, tty: bool) -> None:
        self._tty = tty
        self._splitters = {stream: Splitter() for stream in _STREAMS}
        self._head, self._stream, self._left = b"", 1, 0

    def feed(self, piece: bytes) -> Iterator[Block]:
        """The lines that end in the piece. Raises BadAnswer for what has no frames."""
        if self._tty:
            if block := self._splitters[1].feed(piece):
                yield block
            return
        while piece:
            if not self._left:
                missing = 8 - len(self._head)
                self._head, piece = self._head + piece[:missing], piece[missing:]
                if len(self._head) == 8:
                    self._begin()
                continue
            content, piece = piece[: self._left], piece[self._left :]
            self._left -= len(content)
            if self._stream == _TROUBLE:
                raise BadAnswer(f"Docker cannot go on with the log: {content[:200].decode(errors='replace').strip()}")
            if block := self._splitters[self._stream].feed(content):
                yield block

    def _begin(self) -> None:
        self._stream, self._left = self._head[0], int.from_bytes(self._head[4:])
        if self._head[1:4] != b"\0\0\0" or self._stream not in (*_STREAMS, _TROUBLE):
            raise BadAnswer(f"Docker's log does not come in frames: one begins with {self._head!r}")
        self._head = b""
