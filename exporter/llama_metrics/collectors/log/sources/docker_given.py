"""Which of a container's lines were handed on already."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ")


class Given:
    """Which lines were given already, by their time stamps, which have nanoseconds.

    `since` is the stamp that the next answer is asked from, in nanoseconds since 1970. It is later than every stamp
    before it, so what the engine gives from it on is what was given since, in the same order, and then what is new.
    `replayed` is true until the first new one. In the middle of an answer an engine goes back too: before Docker 25,
    when it rotates the log's file.
    """

    _FEW, _MANY = 512, 8192

    def __init__(self, since: int) -> None:
        self.since, self._latest, self._stamp = since, since, since
        self.replayed = False
        # What was given last, in order, and from where on that is since `since`; where in it the replay is.
        self._stamps: list[int] = []
        # And what the last line of each of these stamps was.
        self._known: dict[int, int] = {}
        self._from = self._at = 0

    def again(self) -> None:
        """An answer begins; its first lines are those that were given since `since`."""
        self._at, self.replayed = self._from, self._from < len(self._stamps)

    def new(self, line: bytes) -> bytes:
        """The line without its stamp; nothing where it was given before."""
        found = _STAMP.match(line)
        if found:
            self._stamp = nanoseconds(line)
            line = line[found.end() :]
        # What has no stamp belongs to the line before it.
        if self._is_known(self._stamp, hash(line) if found else None):
            return b""
        self._remember(self._stamp, line)
        return line

    def _is_known(self, stamp: int, text: int | None) -> bool:
        """Whether the replay goes on with this line, or begins with it."""
        self.replayed = self.replayed and self._at < len(self._stamps)
        begins = text is not None and self._known.get(stamp) == text
        for begin in (self._at,) * self.replayed + (0,) * begins:
            with suppress(ValueError):
                self._at, self.replayed = self._stamps.index(stamp, begin) + 1, True
                return True
        # Some engines begin at the whole second.
        return self.replayed and stamp < self.since

    def _remember(self, stamp: int, line: bytes) -> None:
        self.replayed, at = False, len(self._stamps)
        self._stamps.append(stamp)
        self._known[stamp] = hash(line)
        is_later = stamp > self._latest
        self._latest = max(self._latest, stamp)
        # While the clock is put back no stamp can serve. That may have no end, but memory has.
        if (is_later and at - self._from >= self._FEW) or len(self._stamps) > 2 * self._MANY:
            self.since, self._from = stamp, at
        if len(self._stamps) > self._MANY and self._from >= self._MANY // 2:
            dropped = self._MANY // 2
            del self._stamps[:dropped]
            self._known = {stamp: self._known[stamp] for stamp in self._stamps}
            self._from -= dropped


def nanoseconds(text: bytes) -> int:
    """The stamp that the text begins with, since 1970; 0 where it begins with none, or one that is no date."""
    found = _STAMP.match(text)
    if not found:
        return 0
    try:
        seconds = datetime.fromisoformat((found[1] + found[3]).decode()).timestamp()
    except ValueError:
        return 0
    return int(seconds) * 10**9 + int((found[2] or b"0").ljust(9, b"0"))
