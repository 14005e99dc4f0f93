"""An open log file: where it is read, whether it is still what was read, and how it is known again later."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from llama_metrics.collectors.log.sources import trouble
from llama_metrics.collectors.log.sources.source import Block
from llama_metrics.collectors.log.sources.splitter import LARGEST_READ, Splitter

# Log lines have their time in them, so this many bytes do not come again by chance.
_TAIL, _HEAD, _LEAST_HEAD = 256, 1024, 64

Identity = tuple[int, int]


def identity(status: os.stat_result) -> Identity:
    """What stays the same through a rename, for as long as the file is open or has a name."""
    return status.st_dev, status.st_ino


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Some bytes of a file, by their digest: nothing of a log is kept that need not be."""

    begin: int
    length: int
    digest: bytes

    @classmethod
    def of(cls, text: bytes, begin: int) -> Self:
        return cls(begin, len(text), hashlib.blake2b(text).digest())

    def is_in(self, descriptor: int) -> bool:
        return _Stretch.of(os.pread(descriptor, self.length, self.begin), self.begin) == self


@dataclass(frozen=True, slots=True)
class Mark:
    """By which a file's content is known again, under any name and inode: its head, and the end of what was read."""

    head: _Stretch
    tail: _Stretch

    def position(self, descriptor: int) -> int:
        """From where on this file is not read yet: 0 for one of other content.

        Where it has the same head, but not what was read after it, somebody edited a copy: its end, lest lines that
        were counted are counted again.
        """
        if not self.head.is_in(descriptor):
            return 0
        return self.tail.begin + self.tail.length if self.tail.is_in(descriptor) else os.fstat(descriptor).st_size


class Opened:
    """A regular file, read on through renaming, deletion and cuts.

    Args:
        path: the file. Raises SourceError where it cannot be opened.
        on_cut: called when it was found cut, with the mark of what it held before.
        active: when it was last found with something to read (monotonic seconds); for whoever reads it to set.

    """

    def __init__(self, path: Path, on_cut: Callable[[Mark | None], None], active: float) -> None:
        self._on_cut, self.active = on_cut, active
        self._descriptor = _open(path)
        self.identity = identity(os.fstat(self._descriptor))
        self._splitter = Splitter()
        self.begin(0)

    @property
    def descriptor(self) -> int:
        """For looking around in the file without moving in it."""
        return self._descriptor

    @property
    def size(self) -> int:
        """Its bytes now."""
        return os.fstat(self._descriptor).st_size

    def begin(self, position: int, past_until: int = 0) -> None:
        """Reads on from `position`; what lies before `past_until` was there before anybody looked."""
        self.position, self._past_until = position, past_until
        self._head = os.pread(self._descriptor, min(position, _HEAD), 0)
        self._tail = os.pread(self._descriptor, min(position, _TAIL), max(0, position - _TAIL))
        self._written = -1
        self._after_cut = False

    def read(self) -> Block | None:
        """The lines of the next piece; a block without text where no line ends in it; None at the end of the file."""
        status = os.fstat(self._descriptor)
        if status.st_size == self.position and status.st_mtime_ns == self._written:
            return None
        self._written = status.st_mtime_ns
        past = self.position < self._past_until
        most = min(LARGEST_READ, self._past_until - self.position) if past else LARGEST_READ
        # What was read last is read again with what follows: a file that was cut, and has grown since, differs there.
        text = os.pread(self._descriptor, len(self._tail) + most, self.position - len(self._tail))
        if not text.startswith(self._tail):
            self._cut()
            past, text = False, os.pread(self._descriptor, LARGEST_READ, 0)
        piece = text[len(self._tail) :]
        return self._take(piece, past) if piece else None

    def unread(self) -> int:
        """Bytes behind the position."""
        return max(0, self.size - self.position)

    def deleted(self) -> bool:
        """Whether it has no name left, so that only those who have it open keep its bytes on the disk."""
        return os.fstat(self._descriptor).st_nlink == 0

    def begins_like(self, other: Opened) -> bool:
        """Whether the other file's first bytes are those of this one."""
        mark = self.mark()
        return mark is not None and mark.head.is_in(other.descriptor)

    def mark(self) -> Mark | None:
        """By which the content is known again; None for half a line or so, for other content may begin like it."""
        known = self._head.strip(b"\0")
        if len(known) < _LEAST_HEAD or (b"\n" not in known and len(known) < _HEAD):
            return None
        return Mark(_Stretch.of(self._head, 0), _Stretch.of(self._tail, self.position - len(self._tail)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; a half line at its end is dropped, for its rest never came."""
        os.close(self._descriptor)

    def _cut(self) -> None:
        mark = self.mark()
        self._splitter.reset()
        self.begin(0)
        self._after_cut = True
        self._on_cut(mark)

    def _take(self, piece: bytes, past: bool) -> Block:  # noqa: FBT001  passed on to the block
        self._head += piece[: _HEAD - len(self._head)]
        self._tail = (self._tail + piece[-_TAIL:])[-_TAIL:]
        self.position += len(piece)
        if self._after_cut:
            # A writer that does not append goes on at its old place after a cut: what lies before it reads as NUL.
            piece = piece.lstrip(b"\0")
            self._after_cut = not piece
        return self._splitter.feed(piece, past=past) or Block(b"", past)


def _open(path: Path) -> int:
    """A descriptor. Raises SourceError; a FIFO or a device is not even opened, for that alone can do something."""
    try:
        _expect_file(path, path.stat())
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise trouble.of(path, error) from None
    try:
        # What has this name may have changed in between.
        _expect_file(path, os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _expect_file(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise trouble.not_a_file(path, status.st_mode)
