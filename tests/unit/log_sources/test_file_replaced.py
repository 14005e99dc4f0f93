"""A log file that is renamed, deleted or replaced is read to its end, and the next one from its beginning."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llama_metrics.collectors.log.sources.held import QUIET
from llama_metrics.errors import Unreachable
from tests.unit.log_sources.following import Clock, append, descriptors, following, line, live


def test_a_renamed_file_is_read_to_its_end_before_the_new_one(log: Path, clock: Clock) -> None:
    """As the macOS app does at each start of Ollama; also a half line of the old file is finished."""
    followed = following(log, clock)
    append(log, line(10)[:20])
    assert live(followed) == b""
    append(log, line(10)[20:] + line(11))
    log.rename(log.with_name("server-1.log"))
    append(log, line(12))

    assert live(followed) == line(10) + line(11) + line(12)
    assert followed.rotations == 1


def test_a_writer_that_keeps_the_old_file_for_a_moment_is_heard(log: Path, clock: Clock) -> None:
    """Lines of both files come, each once; a half line of the one is not joined to the other's."""
    followed = following(log, clock)
    clock.wait(QUIET * 2)
    old = log.rename(log.with_name("server-1.log"))
    append(log, line(20)[:9])
    for _ in range(2):
        assert live(followed) == b""
    append(old, line(10)[:40])
    assert live(followed) == b""
    append(log, line(20)[9:])
    append(old, line(10)[40:])

    assert live(followed) == line(10) + line(20)


def test_a_replaced_file_is_let_go_when_nobody_writes_to_it(log: Path, clock: Clock) -> None:
    """Its descriptor is closed, and with it a deleted file's place on the disk is free."""
    followed = following(log, clock)
    open_before = descriptors()
    for number in range(20):
        log.unlink()
        append(log, line(10 + number))
        assert live(followed) == line(10 + number)
    assert descriptors() <= open_before + 7
    clock.wait(QUIET)
    assert live(followed) == b""

    assert descriptors() == open_before


def test_a_log_that_ollama_goes_on_writing_under_its_new_name_is_followed(log: Path, clock: Clock) -> None:
    """As logrotate leaves it without copytruncate: the new file stays empty, and Ollama never opens it."""
    followed = following(log, clock)
    old = log.rename(log.with_name("server.log.1"))
    log.touch()
    for number in range(10, 20):
        append(old, line(number))
        assert live(followed) == line(number)
        clock.wait(QUIET * 10)
        assert live(followed) == b""


def test_replaced_files_that_hold_nothing_are_let_go(log: Path, clock: Clock) -> None:
    """Empty ones, and a deleted one that nobody writes to, even while the current one is empty too."""
    followed = following(log, clock)
    before = descriptors()
    for number in range(3):
        log.rename(log.with_name(f"server-{number}.log"))
        log.touch()
        assert live(followed) == b""
    assert descriptors() == before + 3
    clock.wait(QUIET)
    assert live(followed) == b""

    assert descriptors() == before + 1

    log.with_name("server-0.log").unlink()
    assert live(followed) == b""

    assert descriptors() == before


def test_a_file_that_is_deleted_and_made_again_is_read_from_its_beginning(log: Path, clock: Clock) -> None:
    """What was written to the deleted one until then comes first."""
    followed = following(log, clock)
    append(log, line(10))
    log.unlink()
    append(log, line(11))

    assert live(followed) == line(10) + line(11)
    assert followed.rotations == 1


def test_a_new_file_with_the_number_of_an_old_one_is_new(log: Path, clock: Clock) -> None:
    """File systems give the number of a deleted file to the next one, once we hold it no longer.

    Not all do, so the old file itself is emptied and comes back as the new one.
    """
    followed = following(log, clock)
    old = log.rename(log.with_name("server-1.log"))
    append(log, line(10))
    assert live(followed) == line(10)
    clock.wait(QUIET)
    assert live(followed) == b""
    old.write_bytes(line(11) * 100)
    old.replace(log)

    assert live(followed) == line(11) * 100


def test_a_deleted_file_that_ollama_writes_to_is_read_on(log: Path, clock: Clock) -> None:
    """Then it is not in the folder, but there."""
    followed = following(log, clock)
    with log.open("ab", buffering=0) as writer:
        log.unlink()
        for number in range(10, 20):
            clock.wait(QUIET - 1)
            writer.write(line(number))
            assert live(followed) == line(number)


def test_a_log_that_is_gone_is_an_error_after_a_while_and_then_found_again(log: Path, clock: Clock) -> None:
    """Not at once: between a renaming and the new file there is none. Nothing of the new one is lost."""
    followed = following(log, clock)
    for number in range(10, 12):
        clock.wait(QUIET * 2)
        log.unlink()
        assert live(followed) == b""
        clock.wait(QUIET)
        with pytest.raises(Unreachable, match="there is no such file yet"):
            followed.read(0)
        assert followed.unread() is None
        append(log, line(number))

        assert live(followed) == line(number)


def test_a_log_that_comes_and_goes_has_its_while_each_time(log: Path, clock: Clock) -> None:
    """Gone for a moment long ago is not gone since then."""
    followed = following(log, clock)
    away = log.with_name("away")
    for _ in range(3):
        log.rename(away)
        assert live(followed) == b""
        away.rename(log)
        assert live(followed) == b""
        clock.wait(QUIET * 2)


def test_a_new_file_that_begins_with_the_same_bytes_is_new(log: Path, clock: Clock) -> None:
    """Half a line, or the NUL bytes of a hole: too little to know a file's content again."""
    log.write_bytes(line(10)[:70])
    followed = following(log, clock)
    log.rename(log.with_name("server-1.log"))
    append(log, line(11))

    assert live(followed) == line(11)

    os.truncate(log, 0)
    os.truncate(log, 3000)
    assert live(followed) == b""
    log.rename(log.with_name("server-2.log"))
    append(log, bytes(3000) + line(12))

    assert live(followed) == bytes(3000) + line(12)


def test_a_link_that_is_turned_to_another_file_is_followed(tmp_path: Path, clock: Clock) -> None:
    """The new target is read from its beginning; turned back, it goes on where it was left."""
    first, second, link = tmp_path / "a.log", tmp_path / "b.log", tmp_path / "server.log"
    append(first, line(0))
    link.symlink_to(first)
    followed = following(link, clock)
    append(first, line(1))
    append(second, line(2))
    link.unlink()
    link.symlink_to(second)

    assert live(followed) == line(1) + line(2)

    clock.wait(QUIET)
    assert live(followed) == b""
    append(first, line(3))
    link.unlink()
    link.symlink_to(first)

    assert live(followed) == line(3)


def test_a_file_that_has_its_name_back_goes_on_where_it_was(log: Path, clock: Clock) -> None:
    """It is open still, and is not opened a second time."""
    followed = following(log, clock)
    away = log.rename(log.with_name("away"))
    append(log, line(10))
    assert live(followed) == line(10)
    away.replace(log)
    for number in range(11, 14):
        append(log, line(number))

        assert live(followed) == line(number)


@pytest.mark.parametrize("edited", [b"", b"a line that an editor added in front\n"])
def test_a_log_that_is_replaced_by_an_edited_copy_is_not_counted_again(log: Path, clock: Clock, edited: bytes) -> None:
    """As editors save a file: another inode, with the content that was read."""
    followed = following(log, clock)
    text = log.read_bytes().splitlines(keepends=True)
    copy = log.with_name("copy")
    copy.write_bytes(b"".join(text[:19]) + edited + text[19])
    copy.replace(log)
    assert live(followed) == b""
    append(log, line(10))

    assert live(followed) == line(10)


def test_rotations_faster_than_the_files_are_read_lose_nothing(log: Path, clock: Clock) -> None:
    """Ollama that is started again and again renames its log each time."""
    followed = following(log, clock)
    expected = b""
    for number in range(10, 40):
        log.rename(log.with_name(f"server-{number}.log"))
        append(log, line(number) * 1000)
        expected += line(number) * 1000
        assert followed.read(0) is not None

    assert followed.rotations == 30
    assert live(followed) == b""
