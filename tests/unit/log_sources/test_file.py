"""What is written to a log file is read once, also where the file is cut."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from llama_metrics.collectors.log.sources.file import FileSource
from llama_metrics.collectors.log.sources.source import Block
from tests.unit.log_sources.following import Clock, append, blocks, descriptors, following, line, live, source


def test_what_is_appended_is_read_once(log: Path, clock: Clock) -> None:
    """Half a line waits for its other half."""
    followed = following(log, clock)
    append(log, line(10) + line(11)[:30])

    assert live(followed) == line(10)

    append(log, line(11)[30:])

    assert live(followed) == line(11)
    assert live(followed) == b""
    assert followed.rotations == 0


def test_a_file_cut_to_nothing_is_read_from_its_beginning(log: Path, clock: Clock) -> None:
    """What was read before is not read again; a half line before the cut is not joined to what follows."""
    followed = following(log, clock)
    append(log, line(10) + b"time=half")
    assert live(followed) == line(10)
    os.truncate(log, 0)
    append(log, line(11))

    assert live(followed) == line(11)
    assert followed.rotations == 1


@pytest.mark.parametrize("lines", [19, 20, 21, 500])
def test_a_file_cut_and_grown_again_between_two_looks_is_known_to_be_another(
    log: Path, clock: Clock, lines: int
) -> None:
    """Shorter than before, as long to the byte, a line longer, and beyond all that is read at once."""
    followed = following(log, clock)
    os.truncate(log, 0)
    # A file system tells times in steps of some milliseconds; a cut within one, to the same length, is seen later.
    os.utime(log, ns=(0, log.stat().st_mtime_ns + 10**7))
    text = b"".join(map(line, range(100, 100 + lines)))
    append(log, text)
    os.utime(log, ns=(0, log.stat().st_mtime_ns + 2 * 10**7))

    assert live(followed) == text
    assert followed.rotations == 1


def test_a_writer_that_does_not_append_leaves_a_hole_which_costs_no_line(log: Path, clock: Clock) -> None:
    """After the cut it goes on at its old place; what is before it reads as NUL."""
    followed = following(log, clock)
    with log.open("r+b") as writer:
        writer.seek(3_000_000)
        writer.write(b"\n")
        writer.flush()
        live(followed)
        os.truncate(log, 0)
        writer.write(line(10) + line(11))

    assert live(followed) == line(10) + line(11)


def test_what_is_not_read_yet_is_told_in_bytes(log: Path, clock: Clock) -> None:
    """Of a replaced file and of the current one; a half line is read."""
    followed = source(log, clock)
    assert followed.unread() is None
    blocks(followed)
    append(log, line(10) + b"half")

    assert followed.unread() == len(line(10)) + 4

    live(followed)
    old = log.rename(log.with_name("server-1.log"))
    append(log, line(11))
    live(followed)
    append(old, b"12345")
    append(log, b"123")

    assert followed.unread() == 8


def test_a_read_waits_in_small_steps_and_not_longer_than_asked(log: Path, clock: Clock) -> None:
    """What is written while it waits, it gives at once."""
    followed = following(log, clock)
    assert followed.read(2.0) is None
    assert clock.now == 2.0

    def write_late(seconds: float) -> None:
        clock.wait(seconds)
        if clock.now >= 3.0:
            append(log, line(10))

    late = FileSource(str(log), clock, write_late)
    clock.sources.append(late)
    blocks(late)

    assert late.read(60.0) == Block(line(10), past=False)
    assert clock.now < 3.5


def test_a_line_of_50_mb_is_left_out_and_counted_without_a_pause(log: Path, clock: Clock) -> None:
    """One read goes through all of it; it is told though no other line ends with it, and the next one is read."""
    followed = following(log, clock)
    append(log, line(10) + b"x" * 50_000_000 + b"\n")

    assert followed.read(10.0) == Block(line(10), past=False)
    assert followed.read(10.0) == Block(b"", past=False, overlong=1)
    assert clock.now == 0.0

    append(log, line(11))

    assert followed.read(10.0) == Block(line(11), past=False)


def test_closing_gives_every_descriptor_back(log: Path, clock: Clock) -> None:
    """Of replaced files too."""
    before = descriptors()
    followed = following(log, clock)
    log.unlink()
    shutil.copy(os.devnull, log)
    live(followed)
    followed.close()

    assert descriptors() == before
