"""Whatever is done to a log, in whatever order, no whole line is lost and none is read twice.

Except what copy-truncate takes away: lines that were written between our last look and the cut.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import BinaryIO, Literal

from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors.log.sources.held import QUIET
from llama_metrics.errors import Unreachable
from tests.unit.log_sources.following import Clock, line, source

Replace = Literal["rename", "delete"]


class Story:
    """A log that a writer writes to and somebody rotates, and a reader that looks at it now and then."""

    def __init__(self, folder: str) -> None:
        self.path = Path(folder, "server.log")
        self.clock = Clock()
        self.followed = source(self.path, self.clock)
        self.number = 0
        self.file: BinaryIO | None = None
        self.old: BinaryIO | None = None
        self.rest = self.begun = self.old_rest = self.old_begun = b""
        self.replaced_at = 0.0
        # Lines of the current file since it was made or cut; all whole lines; those that a cut took away unseen.
        self.current: list[bytes] = []
        self.written: list[bytes] = []
        self.cut_away: set[bytes] = set()
        self.read: Counter[bytes] = Counter()
        self.found = False

    def append(self, lines: int, half: int) -> None:
        """Finishes a half line, writes whole ones, and perhaps begins another."""
        if self.file is None:
            self.file, self.found = self.path.open("ab", buffering=0), False
        if self.rest:
            lines -= 1
        text = self.rest
        for _ in range(lines):
            text += self._next()
        self.rest = b""
        if half:
            self.begun = self._next()
            text, self.rest = text + self.begun[:half], self.begun[half:]
        self.file.write(text)

    def _next(self) -> bytes:
        """A line that no other is like. A begun one counts as written, for nobody rotates before it is finished."""
        self.number += 1
        self.current.append(line(self.number))
        self.written.append(line(self.number))
        return self.written[-1]

    def replace(self, how: Replace) -> None:
        """Takes the file away; the writer makes the next one when it writes, and may finish its half line before."""
        if self.file is None:
            return
        if not self.found:
            # Of two rotations between two looks, nobody can see the file between them.
            self.look_to_the_end()
        if how == "rename":
            self.path.rename(self.path.with_name(f"server-{self.number}.log"))
        else:
            self.path.unlink()
        if self.old:
            self.old.close()
        self.old, self.old_rest, self.replaced_at = self.file, self.rest, self.clock.now
        if self.rest:
            # Until `late`, if that comes, this line is not whole.
            self.old_begun = self.begun
            self.written.remove(self.begun)
        self.file, self.rest, self.current = None, b"", []

    def late(self) -> None:
        """The writer has the old file open for a moment more."""
        if self.old and self.clock.now - self.replaced_at < QUIET:
            if self.old_rest:
                self.written.append(self.old_begun)
            self.number += 1
            self.written.append(line(self.number))
            self.old.write(self.old_rest + self.written[-1])
            self.old_rest = b""

    def cut(self) -> None:
        """What copy-truncate does behind the writer's back."""
        if self.file:
            self.cut_away.update(text for text in self.current if not self.read[text])
            self.current, self.rest = [], b""
            os.truncate(self.path, 0)

    def look(self) -> bool:
        """One read; whether there was something."""
        try:
            # Long enough to look again behind half a line: nothing then means the end.
            block = self.followed.read(0.25)
        except Unreachable:
            return False
        self.found = self.found or (block is None and self.file is not None)
        if block is None:
            return False
        assert not block.past
        self.read.update(block.text.splitlines(keepends=True))
        return True

    def look_to_the_end(self) -> None:
        """Reads until there is nothing, of any file."""
        while self.look():
            pass

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.wait(seconds)


OPERATIONS = st.one_of(
    st.tuples(st.just(Story.append), st.integers(0, 30), st.sampled_from([0, 1, 30, 70])),
    st.tuples(st.just(Story.replace), st.sampled_from(["rename", "delete"])),
    st.tuples(st.sampled_from([Story.late, Story.cut, Story.look, Story.look_to_the_end])),
    st.tuples(st.just(Story.wait), st.sampled_from([0.1, QUIET / 2, QUIET])),
)


@given(operations=st.lists(OPERATIONS, max_size=25))
def test_no_line_is_lost_and_none_is_read_twice(operations: list[tuple[object, ...]]) -> None:
    """Appending, renaming, deleting, cutting, late writers, looks between any two of them."""
    with tempfile.TemporaryDirectory() as folder:
        story = Story(folder)
        story.look()
        for operation, *arguments in operations:
            assert callable(operation)
            operation(story, *arguments)
        # With its rest, a half line is whole; and only growth shows a cut to the same length in the same millisecond.
        story.append(2, 0)
        story.look_to_the_end()
        story.followed.close()
        for file in filter(None, (story.file, story.old)):
            file.close()

    assert set(story.read.values()) <= {1}
    assert set(story.read) <= set(story.written)
    assert set(story.written) - set(story.read) <= story.cut_away
