"""The log files that are open: the current one, and replaced ones for as long as somebody may still write to them."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from pathlib import Path

from llama_metrics.collectors.log.sources import past
from llama_metrics.collectors.log.sources.opened import Identity, Mark, Opened
from llama_metrics.collectors.log.sources.source import Block

# A running Ollama that we poll is never silent for so long.
QUIET = 60.0
_MOST_OPEN = 8
_MOST_MARKS = 64


class Held:
    """Reads each line of each file once, whatever the files are called by then."""

    def __init__(self) -> None:
        # Oldest first; the last one is the current one.
        self._files: list[Opened] = []
        self._marks: deque[Mark] = deque(maxlen=_MOST_MARKS)
        self._followed = False
        self.rotations = 0

    @property
    def current(self) -> Opened | None:
        """The file that the path led to last."""
        return self._files[-1] if self._files else None

    def read(self, now: float) -> Block | None:
        """The next piece, a replaced file's first; None where all are read to their ends. Closes what is over."""
        for file in self._files:
            block = file.read()
            if block is not None:
                file.active = now
                return block
        self._let_go(now)
        return None

    def unread(self) -> int | None:
        """Bytes that are not read yet; None where nothing is open."""
        return sum(file.unread() for file in self._files) if self._files else None

    def follow(self, path: Path, now: float, was_there: Identity | None, *, is_glob: bool) -> None:
        """Makes the file at `path` the current one; `was_there` is the one whose content is past.

        Raises SourceError or OSError; then nothing has changed.
        """
        with ExitStack() as stack:
            file = stack.enter_context(Opened(path, self._on_cut, now))
            for other in self._files:
                if other.identity == file.identity:
                    # A replaced file has its name back, or is the newest match again.
                    self._files.remove(other)
                    self._files.append(other)
                    return
                if is_glob and other.begins_like(file):
                    # Somebody copies the log, and the copy is the newest match: the log itself is read already.
                    return
            if file.identity == was_there:
                file.begin(past.begin(file.descriptor, file.size), past_until=file.size)
            else:
                file.begin(self._position(file))
            stack.pop_all()
        for other in self._files:
            other.active = now
        self.rotations += self._followed
        self._followed = True
        self._files.append(file)

    def pass_over(self, path: Path) -> None:
        """Takes what the file holds now for read."""
        with Opened(path, self._on_cut, 0.0) as file:
            file.begin(file.size)
            self._remember(file.mark())

    def leave(self, file: Opened) -> None:
        """Closes a file, and remembers by what it is known again."""
        self._remember(file.mark())
        self._files.remove(file)
        file.close()

    def close(self) -> None:
        """Closes every file."""
        while self._files:
            self._files.pop().close()

    def _position(self, file: Opened) -> int:
        """From where on a file is not read yet: 0, unless it holds what was read in this or another file."""
        marks = filter(None, (*self._marks, *(other.mark() for other in self._files)))
        return max((mark.position(file.descriptor) for mark in marks), default=0)

    def _let_go(self, now: float) -> None:
        """Closes replaced files that nobody writes to any more.

        Where the current one is empty, somebody does: the log was renamed, and Ollama, which never opens it anew,
        goes on writing to it.
        """
        for file in self._files[:-1]:
            moved_on = self._files[-1].position > 0 or file.position == 0 or file.deleted()
            if moved_on and now - file.active >= QUIET:
                self.leave(file)
        for file in self._files[:-_MOST_OPEN]:
            self.leave(file)

    def _on_cut(self, mark: Mark | None) -> None:
        self.rotations += 1
        self._remember(mark)

    def _remember(self, mark: Mark | None) -> None:
        if mark is not None:
            self._marks.append(mark)
