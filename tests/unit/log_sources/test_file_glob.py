"""Of a glob, the newest match is followed; what was read under one name is not read again under another."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from llama_metrics.collectors.log.sources.held import QUIET
from llama_metrics.errors import Unreachable
from tests.unit.log_sources.following import SERVER_START, Clock, append, blocks, following, line, live, source

FIRST = b"".join(map(line, range(-20, 0)))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of twenty lines, beside an older one."""
    dated(tmp_path / "server-1.log", SERVER_START + line(-99) * 20, 1)
    return dated(tmp_path / "server.log", FIRST, 2)


def dated(path: Path, text: bytes, second: int) -> Path:
    """Appends, and says when: file systems tell times in steps too coarse for a test."""
    append(path, text)
    os.utime(path, (second, second))
    return path


def test_only_the_newest_match_is_read(log: Path, clock: Clock) -> None:
    """The older one's lines are no past of this one."""
    found = blocks(source(log.with_name("server*.log"), clock))

    assert [(block.text, block.past) for block in found] == [(FIRST, True)]


def test_a_newer_match_is_followed_after_the_rest_of_the_older_one(log: Path, clock: Clock) -> None:
    """As of a log with a date in its name."""
    followed = following(log.with_name("server*.log"), clock)
    dated(log, line(1), 3)
    dated(log.with_name("server-new.log"), line(2), 4)
    clock.wait(1.0)

    assert live(followed) == line(1) + line(2)
    assert followed.rotations == 1


def test_the_renamed_file_is_not_read_again_under_its_new_name(log: Path, clock: Clock) -> None:
    """Though it matches, and even where it is the newest for a while: a late line of it is read, and nothing else."""
    followed = following(log.with_name("server*.log"), clock)
    old = log.rename(log.with_name("server-1.log"))
    dated(log, line(2) * 20, 3)
    clock.wait(1.0)
    assert live(followed) == line(2) * 20
    dated(old, line(1), 4)
    clock.wait(1.0)
    assert live(followed) == line(1)
    dated(old, line(6), 4)
    assert live(followed) == line(6)
    dated(log, line(3), 5)
    clock.wait(1.0)
    assert live(followed) == line(3)
    # Both are closed, opened again, and known again.
    clock.wait(QUIET)
    assert live(followed) == b""
    dated(old, line(4), 6)
    clock.wait(1.0)
    assert live(followed) == line(4)
    clock.wait(QUIET)
    assert live(followed) == b""
    dated(log, line(5), 7)
    clock.wait(1.0)

    assert live(followed) == line(5)
    assert live(followed) == b""


def test_an_older_match_that_is_touched_is_not_new(log: Path, clock: Clock) -> None:
    """What it held at the first look is not counted when it becomes the newest; what is added is."""
    followed = following(log.with_name("server*.log"), clock)
    dated(log.with_name("server-1.log"), line(1), 3)
    clock.wait(1.0)

    assert live(followed) == line(1)


@pytest.mark.parametrize("cut", [False, True])
def test_a_copy_of_the_log_is_not_counted_again(log: Path, clock: Clock, cut: bool) -> None:
    """As copy-truncate makes one, before it cuts; the lines that only the copy has are not lost to a glob."""
    followed = following(log.with_name("server*.log"), clock)
    append(log, line(1))
    if not cut:
        assert live(followed) == line(1)
    copy = Path(shutil.copy(log, log.with_name("server-copy.log")))
    os.utime(copy, (3, 3))
    if cut:
        os.truncate(log, 0)
        dated(log, b"", 2)
    clock.wait(1.0)
    assert live(followed) == (line(1) if cut else b"")
    dated(log, line(2), 4)
    clock.wait(1.0)

    assert live(followed) == line(2)


def test_a_copy_is_not_counted_while_it_is_made(log: Path, clock: Clock) -> None:
    """It is the newest match, and grows."""
    dated(log, line(1) * 100, 2)
    followed = following(log.with_name("server*.log"), clock)
    copy = dated(log.with_name("server-copy.log"), FIRST, 3)
    clock.wait(1.0)
    assert live(followed) == b""
    dated(copy, line(1) * 100, 4)

    assert live(followed) == b""


def test_a_packed_log_is_none(log: Path, clock: Clock) -> None:
    """Though it is the newest match for a while."""
    followed = following(log.with_name("server*"), clock)
    dated(log.with_name("server-1.log.gz"), gzip.compress(FIRST), 3)
    clock.wait(1.0)

    assert live(followed) == b""
    assert followed.rotations == 0


def test_a_glob_without_a_match_is_unreachable_until_there_is_one(tmp_path: Path, clock: Clock) -> None:
    """A directory that matches is none. What comes is new."""
    followed = source(tmp_path / "*.log", clock)
    (tmp_path / "dir.log").mkdir()
    with pytest.raises(Unreachable, match=r"\*\.log: no file matches yet"):
        followed.read(0)
    append(tmp_path / "a.log", line(0))
    clock.wait(1.0)

    assert live(followed) == line(0)


def test_a_file_that_is_called_like_a_glob_is_that_file(tmp_path: Path, clock: Clock) -> None:
    """Brackets are legal in names."""
    log = tmp_path / "server[1].log"
    log.touch()
    followed = following(log, clock)
    append(log, line(0))

    assert live(followed) == line(0)
