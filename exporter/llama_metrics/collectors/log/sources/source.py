"""What the follower asks of every source, and how much of a log it is given at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

# Ollama's longest useful lines (server config, the runner's command) have 2 to 8 kB.
LONGEST_LINE = 64 * 1024
LARGEST_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of the log, in their order.

    Attributes:
        text: whole lines, each with its newline; as they were written, whatever their bytes. At most LARGEST_BLOCK.
        past: whether they were there before the source was opened: they tell how things stand, and are not counted.
        overlong: how many lines longer than LONGEST_LINE were left out between them.

    """

    text: bytes
    past: bool
    overlong: int = 0


class LogSource(Protocol):
    """A log being followed. One thread reads it and closes it; the counts may be asked from any."""

    @property
    def rotations(self) -> int:
        """Times the log was replaced or cut, or its stream was opened again."""

    def read(self, seconds: float) -> Block | None:
        """The next lines; None where there are none within `seconds`.

        The first blocks are the past ones; counting starts where they end. Raises SourceError where the log cannot be
        read now (it is then read on where it was left, by a later call), and for a source that has ended for good.
        """

    def unread(self) -> int | None:
        """Bytes that are written and not read yet; None where the source cannot know. Raises SourceError."""

    def close(self) -> None:
        """Ends children and closes files, for good."""
