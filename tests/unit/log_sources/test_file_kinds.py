"""What is no regular file is refused with one clear sentence, and never waited for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from llama_metrics.errors import BadAnswer
from tests.unit.log_sources.following import Clock, append, following, line, live, source


def make_fifo(path: Path) -> None:
    """Nobody writes to it: to open it would block for ever."""
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    """Somebody listens."""
    # The path of a socket may have a hundred characters only.
    here = Path.cwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)
    os.chdir(here)


def make_device(path: Path) -> None:
    """One that exists everywhere."""
    path.symlink_to(os.devnull)


KINDS = [
    (Path.mkdir, "a directory"),
    (make_fifo, "a FIFO"),
    (make_socket, "a socket"),
    (make_device, "a device"),
]


@pytest.mark.parametrize(("make", "kind"), KINDS)
def test_what_is_no_regular_file_is_refused_at_once(
    tmp_path: Path, clock: Clock, make: Callable[[Path], None], kind: str
) -> None:
    """It never blocks; the file that takes its place is new."""
    log = tmp_path / "server.log"
    make(log)
    followed = source(log, clock)
    with pytest.raises(BadAnswer) as caught:
        followed.read(5.0)
    assert str(caught.value) == f"{log}: is {kind}, not a regular file; name the file that Ollama logs to"
    assert clock.now == 0.0
    log.rename(tmp_path / "away")
    append(log, line(0))

    assert live(followed) == line(0)


@pytest.mark.parametrize(("make", "kind"), KINDS)
def test_a_log_that_something_else_takes_the_place_of_is_read_to_its_end(
    tmp_path: Path, clock: Clock, make: Callable[[Path], None], kind: str
) -> None:
    """Then that is refused, until there is a log again."""
    log = tmp_path / "server.log"
    append(log, line(0))
    followed = following(log, clock)
    append(log, line(1))
    log.unlink()
    make(log)
    found = followed.read(0)
    assert found is not None
    assert found.text == line(1)
    with pytest.raises(BadAnswer, match=kind):
        followed.read(0)
    log.rename(tmp_path / "away")
    append(log, line(2))

    assert live(followed) == line(2)
