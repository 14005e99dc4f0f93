"""Follows a log file by its path: through renaming, cutting, deletion, and links that come to lead elsewhere."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from llama_metrics.collectors.log.sources import trouble
from llama_metrics.collectors.log.sources.held import QUIET, Held
from llama_metrics.collectors.log.sources.newest import Newest
from llama_metrics.collectors.log.sources.opened import identity
from llama_metrics.collectors.log.sources.source import Block
from llama_metrics.errors import SourceError, Unreachable

Result = TypeVar("Result")

_STEP = 0.5


class FileSource:
    """A `LogSource` on a file.

    What is there when it is first looked at is past, from the last start of the server on. A file that comes later
    is read from its beginning, after the rest of the one before it.

    Args:
        path: of the file, or a glob whose newest match is followed.
        monotonic: the clock.
        wait: lets so many seconds pass, or fewer: an Event's `wait` lets a stopping exporter cut it short.

    """

    def __init__(
        self,
        path: str,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._path, self._monotonic, self._wait = path, monotonic, wait
        self._newest = Newest(path, monotonic)
        self._held = Held()
        # Whoever asks for the unread bytes must not meet a descriptor that was just closed and given to another file.
        self._lock = threading.Lock()
        self._looked = self._gone = False
        # The file that was there at the first look, until another one is there.
        self._was_there: os.stat_result | None = None

    @property
    def rotations(self) -> int:
        """Times the file was replaced or cut."""
        return self._held.rotations

    def read(self, seconds: float) -> Block | None:
        """The next lines; None where there are none within `seconds`. Raises SourceError, without waiting."""
        end = self._monotonic() + seconds
        while True:
            block = self._guarded(self._look)
            if block is not None and (block.text or block.overlong):
                return block
            left = end - self._monotonic()
            if block is None and left > 0:
                self._wait(min(left, _STEP))
            # Within a line that is longer than a piece, there is more to read at once. After the last wait there is
            # no further look: the next call begins with one, and an idle log costs half as much.
            if self._monotonic() >= end:
                return None

    def unread(self) -> int | None:
        """Bytes behind our position, in replaced files too; None while nothing is open. Raises SourceError."""
        return self._guarded(self._held.unread)

    def close(self) -> None:
        """Closes every file."""
        self._guarded(self._held.close)

    def _guarded(self, work: Callable[[], Result]) -> Result:
        with self._lock:
            try:
                return work()
            except OSError as error:
                told = trouble.of(Path(error.filename or self._path), error)
            raise told

    def _look(self) -> Block | None:
        """The next piece of what is open; where all of it is read, of the file that the path leads to now."""
        now = self._monotonic()
        block = self._held.read(now)
        if block is not None:
            return block
        try:
            path, status = self._locate()
        except (SourceError, OSError):
            if self._waits(now):
                return None
            raise
        self._gone = False
        if self._held.current and self._held.current.identity == identity(status):
            return None
        was_there = self._was_there and identity(self._was_there)
        self._held.follow(path, now, was_there, is_glob=self._newest.is_glob)
        return self._held.read(now)

    def _locate(self) -> tuple[Path, os.stat_result]:
        """The file that the path leads to now. The first one is past, unless it was seen that there was none before.

        Where a folder is closed to us, nothing is seen.
        """
        try:
            path = self._newest.path()
            status = path.stat()
        except (Unreachable, FileNotFoundError, NotADirectoryError):
            self._looked, self._was_there = True, None
            raise
        if not self._looked:
            self._looked, self._was_there = True, status
            for other in self._newest.matches()[1:]:
                # One of them may become the newest again, and then what it holds now is not new.
                with suppress(SourceError):
                    self._held.pass_over(other)
        elif self._was_there and not _may_be(self._was_there, status):
            self._was_there = None
        return path, status

    def _waits(self, now: float) -> bool:
        """Whether it is no error yet that the path leads nowhere.

        Between a renaming and the new file there is none, and what is open is read on.
        """
        current = self._held.current
        if current is None:
            return False
        if not self._gone:
            self._gone, current.active = True, now
        if now - current.active < QUIET:
            return True
        if current.deleted():
            # Only we keep its bytes on the disk now.
            self._held.leave(current)
        return False


def _may_be(before: os.stat_result, now: os.stat_result) -> bool:
    """Whether it is still the same file: a new one gets the number of a deleted one, but begins empty."""
    return identity(before) == identity(now) and before.st_size <= now.st_size
