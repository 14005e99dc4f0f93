"""Cuts what powermetrics prints into documents.

Documents are separated by a NUL, and none follows the last one. Who waits for it is an interval late, so a document
ends where its last tag does.
"""

from __future__ import annotations

_END = b"</plist>"
_BEGINNINGS = (b"<?xml", b"<plist")
_BETWEEN = b"\0 \t\r\n"
# The longest document known, one with every process in it, has 260 kB.
LONGEST = 4 * 1024 * 1024
# Enough to say what it is.
_TOLD = 200


class Frames:
    """Bytes in any pieces -> documents, each one from its first tag on.

    Of what is no document there is the beginning of the first line, once until the next document: whoever parses the
    pieces finds out, and counts it.
    """

    def __init__(self) -> None:
        self._pending = b""
        self._searched = 0
        self._garbled = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """What is whole with this chunk."""
        self._pending = (self._pending + chunk).lstrip(_BETWEEN)
        found = []
        while self._pending and (end := self._end()):
            found += self._cut(end)
        return found

    def rest(self) -> list[bytes]:
        """What has no end, at the end of all output."""
        return self._cut(len(self._pending)) if self._pending else []

    def _end(self) -> int | None:
        """Where the first piece ends; None where it has not ended yet."""
        is_document = is_beginning(self._pending)
        # Neither a document nor a line of text holds a NUL: before it, something was cut off.
        marks = (_END, b"\0") if is_document else (b"\n", b"\0")
        places = ((self._pending.find(mark, self._searched), mark) for mark in marks)
        ends = [place + len(mark) for place, mark in places if place >= 0]
        # The mark itself may come in two chunks.
        self._searched = max(0, len(self._pending) - len(_END))
        return min(ends, default=len(self._pending) if len(self._pending) > LONGEST else None)

    def _cut(self, end: int) -> list[bytes]:
        piece, self._pending, self._searched = self._pending[:end], self._pending[end:].lstrip(_BETWEEN), 0
        if is_beginning(piece):
            # The rest of a document that is too long is no news.
            self._garbled = len(piece) > LONGEST
            return [piece[:_TOLD] if self._garbled else piece]
        told = [] if self._garbled else [piece[:_TOLD]]
        self._garbled = True
        return told


def is_beginning(text: bytes) -> bool:
    """Whether this begins as a document does, or is so short that it still may."""
    return any(text.startswith(one) or one.startswith(text) for one in _BEGINNINGS)
