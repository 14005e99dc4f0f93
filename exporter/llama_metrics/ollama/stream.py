"""An answer that comes line by line, and the error in an answer that is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from llama_metrics.errors import BadAnswer
from llama_metrics.ollama.answers import decode

# An answer of one token takes less than a kilobyte, in two lines.
LARGEST_STREAM, LONGEST_LINE = 256 * 1024, 64 * 1024
_LONGEST_ERROR = 300


class _Refusal(msgspec.Struct, frozen=True):
    error: str


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, without their ends and without empty ones, however they were cut. Raises BadAnswer for too much."""
    size, rest = 0, b""
    for piece in pieces:
        size += len(piece)
        *whole, rest = (rest + piece).split(b"\n")
        if size > LARGEST_STREAM or any(len(line) > LONGEST_LINE for line in (*whole, rest)):
            raise BadAnswer("the answer, or a line of it, is too large to be that of one token")
        yield from filter(bytes.strip, whole)
    if rest.strip():
        yield rest


def refusal(body: bytes) -> str:
    """The error that a body tells, shortened; nothing where it tells none."""
    try:
        return decode(body, _Refusal).error[:_LONGEST_ERROR]
    except BadAnswer:
        return ""
