"""A log file that cannot be read is one clear sentence, and costs no line that can be read later."""

from __future__ import annotations

import errno
import os
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from llama_metrics.collectors.log.sources import trouble
from llama_metrics.collectors.log.sources.file import FileSource
from llama_metrics.collectors.log.sources.held import QUIET
from llama_metrics.errors import NotPermitted, SourceError, Unreachable
from tests.unit.log_sources.following import SERVER_START, Clock, append, blocks, following, line, live, source

NOBODY = 65534


@pytest.fixture
def log() -> Iterator[Path]:
    """A log in a folder of an ordinary user, who the test then is: nothing is forbidden to root."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        if os.geteuid() != 0:
            yield Path(folder) / "server.log"
            return
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(folder) / "server.log"
        finally:
            os.seteuid(0)


def refused(followed: FileSource) -> str:
    """The sentence with which reading is not permitted."""
    with pytest.raises(NotPermitted) as caught:
        followed.read(0)
    return str(caught.value)


def test_a_file_that_may_not_be_read_names_the_command_that_grants_it(log: Path, clock: Clock) -> None:
    """For the user that we run as; what is there when it becomes readable is past."""
    append(log, SERVER_START + line(0))
    log.chmod(0)
    followed = source(log, clock)
    said = refused(followed)
    append_anyway(log, line(1))
    refused(followed)
    log.chmod(0o644)
    found = blocks(followed)

    assert said.startswith(f"{log}: user ")
    assert "may not read it; `sudo chgrp " in said
    assert f" {log} && sudo chmod g+r {log}` lets group " in said
    assert [(block.text, block.past) for block in found] == [(SERVER_START + line(0) + line(1), True)]
    append(log, line(2))
    assert live(followed) == line(2)


def append_anyway(log: Path, text: bytes) -> None:
    """As its owner, for whom it becomes readable again only afterwards."""
    log.chmod(0o200)
    append(log, text)
    log.chmod(0)


def test_a_closed_folder_is_named(log: Path, clock: Clock) -> None:
    """Nobody can say what is in it, so what is there when it opens is past."""
    folder = log.parent / "my logs"
    folder.mkdir()
    append(folder / "server.log", line(0))
    folder.chmod(0)
    followed = source(folder / "server.log", clock)
    said = refused(followed)
    folder.chmod(0o755)
    found = blocks(followed)

    assert f"may not enter {folder}; `sudo chmod o+x '{folder}'`" in said
    assert [block.past for block in found] == [True]


def test_a_glob_in_a_closed_folder_is_not_permitted_either(log: Path, clock: Clock) -> None:
    """And not merely without a match."""
    folder = log.parent / "logs"
    folder.mkdir()
    folder.chmod(0)

    assert str(folder) in refused(source(folder / "*.log", clock))

    folder.chmod(0o755)


def test_a_file_that_is_open_is_read_on_without_permission(log: Path, clock: Clock) -> None:
    """What was granted once holds for as long as the file is open."""
    append(log, line(0))
    followed = following(log, clock)
    append_anyway(log, line(1))

    assert live(followed) == line(1)

    log.chmod(0o644)
    append(log, line(2))

    assert live(followed) == line(2)


def test_a_new_file_that_may_not_be_read_loses_nothing(log: Path, clock: Clock) -> None:
    """Refused until it may be read, then from its beginning; the old one is read on meanwhile."""
    append(log, line(0))
    followed = following(log, clock)
    old = log.rename(log.with_name("server-1.log"))
    append(log, line(2))
    log.chmod(0)
    append(old, line(1))

    assert live_until_refused(followed) == line(1)

    append(old, line(3))

    assert live_until_refused(followed) == line(3)
    assert followed.rotations == 0

    log.chmod(0o644)

    assert live(followed) == line(2)
    assert followed.rotations == 1


def live_until_refused(followed: FileSource) -> bytes:
    """What can be read before reading is not permitted."""
    found = followed.read(0)
    refused(followed)
    assert found is not None
    assert not found.past
    return found.text


def test_a_file_made_anew_before_the_old_one_could_ever_be_read_is_new(log: Path, clock: Clock) -> None:
    """Even where the file system gives it the number of the old one, which it does or not: here, it is emptied."""
    append(log, SERVER_START + line(0))
    log.chmod(0)
    followed = source(log, clock)
    refused(followed)
    log.chmod(0o644)
    log.write_bytes(line(1))

    assert live(followed) == line(1)


@pytest.mark.parametrize("trap", ["loop", "file as folder", "long name"])
def test_a_path_that_leads_nowhere_is_one_sentence(tmp_path: Path, clock: Clock, trap: str) -> None:
    """Links in a circle, a folder that is a file, a name longer than the system allows."""
    log = tmp_path / "server.log"
    log.symlink_to(log)
    (tmp_path / "file").touch()
    path = {"loop": log, "file as folder": tmp_path / "file" / "server.log", "long name": tmp_path / ("x" * 5000)}[trap]
    with pytest.raises(SourceError) as caught:
        source(path, clock).read(0)

    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_without_descriptors_reading_is_refused_and_then_goes_on(tmp_path: Path, clock: Clock) -> None:
    """A limit of the system, not of the file: nothing is lost by it."""
    log = tmp_path / "server.log"
    append(log, line(0))
    followed = following(log, clock)
    log.rename(tmp_path / "server-1.log")
    append(log, line(1))
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        with pytest.raises(SourceError, match="too many open files; it is tried again") as caught:
            followed.read(0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert type(caught.value) is SourceError
    assert live(followed) == line(1)


def test_an_error_while_reading_is_told_and_reading_goes_on_where_it_was(tmp_path: Path, clock: Clock) -> None:
    """A disk that fails cannot be had here; a descriptor that was opened for writing only fails in the same place."""
    log = tmp_path / "server.log"
    append(log, line(0))
    followed = following(log, clock)
    # The only descriptor that is the log.
    [descriptor] = [number for number in range(3, 1024) if is_open_as(number, log)]
    good = os.dup(descriptor)
    append(log, line(1))
    with log.open("ab") as write_only:
        os.dup2(write_only.fileno(), descriptor)
    with pytest.raises(SourceError, match=r"server\.log: cannot be read: bad file descriptor; it is tried again"):
        followed.read(0)
    os.dup2(good, descriptor)
    os.close(good)

    assert live(followed) == line(1)


def is_open_as(descriptor: int, path: Path) -> bool:
    """Whether the descriptor is open, and is this file."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EIO, SourceError, "cannot be read: input/output error; it is tried again"),
        (errno.ENOSPC, SourceError, "cannot be read: no space left on device; it is tried again"),
        (errno.ENOENT, Unreachable, "there is no such file yet"),
        (errno.ENOTDIR, Unreachable, "there is no such file yet"),
        (errno.EACCES, NotPermitted, "may not read it"),
        (errno.EPERM, NotPermitted, "may not read it"),
    ],
)
def test_what_the_system_says_becomes_expected_trouble(number: int, kind: type[SourceError], words: str) -> None:
    """Never another exception, which would be taken for a bug."""
    told = trouble.of(Path("/server.log"), OSError(number, os.strerror(number)))

    assert type(told) is kind
    assert words in str(told)


def test_half_a_line_of_a_full_disk_costs_that_line_only(tmp_path: Path, clock: Clock) -> None:
    """What was not written joins the line that comes when there is room again; those after it are whole."""
    log = tmp_path / "server.log"
    append(log, line(0))
    followed = following(log, clock)
    append(log, line(1)[:50])
    assert live(followed) == b""
    clock.wait(QUIET * 10)
    append(log, line(2) + line(3))

    assert live(followed) == line(1)[:50] + line(2) + line(3)
