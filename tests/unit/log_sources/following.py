"""A log file that is written to and a FileSource that follows it, on a clock that the test moves."""

from __future__ import annotations

from pathlib import Path

from llama_metrics.collectors.log.sources.file import FileSource
from llama_metrics.collectors.log.sources.source import Block

SERVER_START = b'time=2026-11-21T07:12:31.214Z level=INFO source=routes.go:1802 msg="server config" env="map[]"\n'


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sources: list[FileSource] = []

    def __call__(self) -> float:
        """The time."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds


def source(path: Path | str, clock: Clock) -> FileSource:
    """A source that never really waits."""
    followed = FileSource(str(path), clock, clock.wait)
    clock.sources.append(followed)
    return followed


def blocks(source: FileSource) -> list[Block]:
    """All that there is to read now."""
    found = []
    while (block := source.read(0)) or source.unread():
        found += [block] if block else []
    return found


def live(source: FileSource) -> bytes:
    """The text that is there to be counted now. Fails on a past block."""
    found = blocks(source)
    assert not [block for block in found if block.past]
    return b"".join(block.text for block in found)


def following(path: Path | str, clock: Clock) -> FileSource:
    """A source that has read what is there."""
    followed = source(path, clock)
    assert all(block.past for block in blocks(followed))
    return followed


def append(path: Path, text: bytes) -> None:
    """Writes to the end of the file, which it makes where there is none."""
    with path.open("ab") as file:
        file.write(text)


def line(number: int) -> bytes:
    """A line that no other one is like."""
    return b'time=2026-11-21T07:12:31.214Z level=INFO source=x.go:1 msg="line %07d"\n' % number


def descriptors() -> int:
    """How many this process has open."""
    return sum(1 for _ in Path("/dev/fd").iterdir())
