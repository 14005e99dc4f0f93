"""What was there before the first look is past: it tells how things stand, from the last start of the server on."""

from __future__ import annotations

from pathlib import Path

import pytest

from llama_metrics.collectors.log.sources.source import LONGEST_LINE
from llama_metrics.collectors.log.sources.splitter import LARGEST_READ
from llama_metrics.errors import Unreachable
from tests.unit.log_sources.following import SERVER_START, Clock, append, blocks, line, live, source

# As Ollama wrote it up to 0.6.
OLD_START = b'2024/05/12 06:47:18 routes.go:1006: INFO server config env="map[]"\n'
FURTHEST = 64 * 2**20


def past(path: Path, clock: Clock) -> bytes:
    """The past text of the file. Fails on a block that is not past."""
    found = blocks(source(path, clock))
    assert all(block.past for block in found)
    return b"".join(block.text for block in found)


@pytest.mark.parametrize("start", [SERVER_START, OLD_START, SERVER_START.replace(b"\n", b"\r\n")])
def test_the_past_begins_at_the_last_start_of_the_server(tmp_path: Path, clock: Clock, start: bytes) -> None:
    """What an earlier server said holds no more."""
    log = tmp_path / "server.log"
    log.write_bytes(line(0) + start + line(1) + start + line(2) + line(3))

    assert past(log, clock) == start.replace(b"\r", b"") + line(2) + line(3)


@pytest.mark.parametrize("size", [*range(2**20 - 140, 2**20 + 140, 7), 3 * 2**20])
def test_a_start_is_found_wherever_it_lies(tmp_path: Path, clock: Clock, size: int) -> None:
    """Also across the border of two steps of the search."""
    log = tmp_path / "server.log"
    rest = b"x" * 99 + b"\n"
    rest *= size // 100
    log.write_bytes(line(0) + SERVER_START + b"y" * (size - len(rest)) + b"\n" + rest)

    assert past(log, clock).startswith(SERVER_START)


@pytest.mark.parametrize(
    "imitation",
    [
        b'they said msg="server config" to me\n',
        b'time=2026-11-21T07:12:31.214Z level=DEBUG msg=prompt prompt="msg=\\"server config\\""\n',
        b"server config\n",
        b"server config env=\n" * 1000,
    ],
)
def test_words_in_a_prompt_are_no_start(tmp_path: Path, clock: Clock, imitation: bytes) -> None:
    """The line must be one of Ollama's own."""
    log = tmp_path / "server.log"
    log.write_bytes(SERVER_START + line(1) + imitation + line(2))

    assert past(log, clock) == SERVER_START + line(1) + imitation + line(2)


@pytest.mark.parametrize("more", [0, 1, 50, LONGEST_LINE])
def test_the_search_is_bounded(tmp_path: Path, clock: Clock, more: int) -> None:
    """In a log of many GB without a start near its end, the past is what 64 MiB hold, from a whole line on."""
    log = tmp_path / "server.log"
    lines = line(7) * (FURTHEST // len(line(7)) - 1)
    with log.open("wb") as file:
        file.write(SERVER_START)
        file.truncate(10 * 2**30)
        file.seek(10 * 2**30)
        file.write(b"\n" + b"y" * more + b"\n" + lines)
    text = past(log, clock)

    assert text.endswith(lines)
    assert not text.removesuffix(lines).strip(b"y\n")
    assert len(text) <= FURTHEST


def test_what_is_written_while_the_past_is_read_is_live(tmp_path: Path, clock: Clock) -> None:
    """The past ends where the file ended at the first look, exactly."""
    log = tmp_path / "server.log"
    many = line(1) * (2 * LARGEST_READ // len(line(1)))
    log.write_bytes(SERVER_START + many + line(2)[:10])
    followed = source(log, clock)
    first = followed.read(0)
    append(log, line(2)[10:] + line(3))
    found = [first, *blocks(followed)]

    assert b"".join(block.text for block in found if block and block.past) == SERVER_START + many
    assert b"".join(block.text for block in found if block and not block.past) == line(2) + line(3)


def test_a_file_cut_while_its_past_is_read_has_no_past_any_more(tmp_path: Path, clock: Clock) -> None:
    """All that it holds then was written since."""
    log = tmp_path / "server.log"
    log.write_bytes(line(1) * (2 * LARGEST_READ // len(line(1))))
    followed = source(log, clock)
    assert followed.read(0)
    log.write_bytes(line(2))

    assert live(followed) == line(2)


def test_a_file_that_appears_later_is_read_from_its_beginning_and_has_no_past(tmp_path: Path, clock: Clock) -> None:
    """Nothing was there at the first look, so all of it is new; until then it is an error, and no rotation."""
    log = tmp_path / "logs" / "server.log"
    followed = source(log, clock)
    for _ in range(2):
        with pytest.raises(Unreachable) as caught:
            followed.read(5.0)
        clock.wait(1800)
    log.parent.mkdir()
    log.write_bytes(line(0) + SERVER_START + line(1))

    assert str(caught.value) == f"{log}: there is no such file yet; it is read as soon as there is"
    assert live(followed) == line(0) + SERVER_START + line(1)
    assert followed.rotations == 0


def test_an_empty_file_has_no_past(tmp_path: Path, clock: Clock) -> None:
    """Its first line is new."""
    log = tmp_path / "server.log"
    log.touch()
    followed = source(log, clock)
    assert followed.read(0) is None
    append(log, line(0))

    assert live(followed) == line(0)
