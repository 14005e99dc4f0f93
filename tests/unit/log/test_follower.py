"""A real file being followed by the collector: what is counted, what is only known, and what goes wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llama_metrics.collectors.log.follower import Follower, Reading
from llama_metrics.collectors.log.sources.file import FileSource
from llama_metrics.errors import NotPermitted, SourceError, Unreachable
from llama_metrics.metrics import Family
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.directory import Directory
from tests.support.collectors import context
from tests.support.fake_ollama import FIXTURES, FakeOllama, http, recorded
from tests.support.waiting import until

RECORDED = FIXTURES / "0.33.0-rc2" / "logs"
SINGLE = (RECORDED / "single_model.log").read_bytes()
GOOD = {
    "/api/tags": recorded(FIXTURES / "0.33.0-rc2" / "api_tags.all_models.http"),
}


@contextmanager
def following(file: Path, version: str = "0.33.0-rc2") -> Iterator[Follower]:
    """A follower of a file, with an Ollama whose models are those of the recordings."""
    with FakeOllama(GOOD | {"/api/version": http(f'{{"version":"{version}"}}')}) as ollama:
        follower = Follower(
            FileSource(str(file)), Directory(Client(ollama.url, {}), time.monotonic), context(ollama.url)
        )
        try:
            yield follower
        finally:
            follower.close()


def read(follower: Follower) -> Reading:
    """A reading with the time that a scrape has."""
    return follower.read(time.monotonic() + 2)


def wait(follower: Follower, done: Callable[[Reading], bool]) -> Reading:
    """The first reading of which `done` is true, within ten seconds."""
    return until(lambda: reading if done(reading := read(follower)) else None)


def lines(reading: Reading) -> int:
    """All lines that were counted."""
    return reading.parsed + reading.ignored + reading.failed


def series(reading: Reading, name: str) -> dict[tuple[str, ...], float]:
    """One counter or gauge of a reading."""
    return {
        labels: value
        for family in reading.families
        if isinstance(family, Family) and family.metric.name == name
        for labels, value in family.samples
    }


def test_what_was_there_is_known_and_what_is_written_is_counted(tmp_path: Path) -> None:
    """The configuration and who is alive come from the existing part; counting begins behind it."""
    file = tmp_path / "server.log"
    # The load, and the first request.
    cut = SINGLE.index(b"srv  update_slots: all slots are idle\n", SINGLE.index(b"eval time"))
    file.write_bytes(SINGLE[:cut])
    with following(file) as follower:
        before = read(follower)
        with file.open("ab") as log:
            log.write(SINGLE[cut:])
        after = wait(follower, lambda reading: lines(reading) == SINGLE[cut:].count(b"\n"))

    assert lines(before) == 0
    assert series(before, "ollama_config_max_queue") == {(): 512}
    assert series(before, "ollama_prompt_tokens_total") == {("tiny-a:latest",): 0, ("unknown",): 0}
    # The API's counts of the second and later requests: 1051 and 558 less those of the first.
    assert series(after, "ollama_prompt_tokens_total") == {("tiny-a:latest",): 1045, ("unknown",): 0}
    assert series(after, "ollama_generated_tokens_total") == {("tiny-a:latest",): 550, ("unknown",): 0}
    assert series(after, "ollama_model_loads_total")[("tiny-a:latest",)] == 0
    assert (after.failed, after.unread, after.rotations) == (0, 0, 0)


def test_a_log_that_is_renamed_at_a_start_is_followed_on(tmp_path: Path) -> None:
    """As the macOS app does it: the old file is read to its end, the new one from its beginning, nothing twice."""
    file = tmp_path / "server.log"
    file.touch()
    with following(file) as follower:
        read(follower)
        half = SINGLE.index(b"\n", len(SINGLE) // 2) + 1
        with file.open("ab") as log:
            log.write(SINGLE[:half])
            log.flush()
            file.rename(tmp_path / "server-1.log")
            log.write(SINGLE[half:])
        # The next start is on another day: a file of the very same bytes would be a copy.
        file.write_bytes(SINGLE.replace(b"2026-11-21", b"2026-11-22"))
        after = wait(follower, lambda reading: lines(reading) == 2 * SINGLE.count(b"\n"))

    assert series(after, "ollama_prompt_tokens_total")[("tiny-a:latest",)] == 2 * 1051
    assert series(after, "ollama_generated_tokens_total")[("tiny-a:latest",)] == 2 * 558
    assert after.rotations == 1


def test_a_path_that_appears_later_is_counted_from_its_beginning(tmp_path: Path) -> None:
    """Until then each reading fails with one sentence; nothing was there when it was opened."""
    file = tmp_path / "later" / "server.log"
    with following(file) as follower:
        error = _error(follower)
        file.parent.mkdir()
        file.write_bytes(SINGLE)
        after = _recovered(follower, lambda reading: lines(reading) == SINGLE.count(b"\n"))
        restarts = follower.restarts

    assert isinstance(error, Unreachable)
    assert str(file) in str(error)
    assert series(after, "ollama_prompt_tokens_total")[("tiny-a:latest",)] == 1051
    assert restarts == 1


def test_a_directory_is_one_sentence(tmp_path: Path) -> None:
    """It is no log, and nothing hangs on it."""
    with following(tmp_path) as follower:
        assert "directory" in str(_error(follower))


def test_a_model_is_not_shown_by_its_blob(tmp_path: Path) -> None:
    """Before Ollama 0.30 the log has no names; a blob that the API does not know is unknown."""
    file = tmp_path / "server.log"
    file.touch()
    old = (FIXTURES / "0.24.0" / "logs" / "two_models.log").read_bytes()
    with following(file, "0.24.0") as follower:
        read(follower)
        file.write_bytes(old)
        after = wait(follower, lambda reading: lines(reading) == old.count(b"\n"))

    loads = {model: count for (model,), count in series(after, "ollama_model_loads_total").items()}
    assert loads.pop("unknown") == 2
    assert set(loads.values()) == {0}
    assert not [model for model in loads if model.startswith("sha256")]
    assert "ollama_requests_total" not in {family.metric.name for family in after.families}


def test_what_an_open_log_says_is_counted_within_a_second(tmp_path: Path) -> None:
    """A line is in the counters at the next look, half a second later at most."""
    file = tmp_path / "server.log"
    file.touch()
    with following(file) as follower:
        read(follower)
        delays = []
        for number in range(1, 4):
            with file.open("ab") as log:
                log.write(b'time=2026-11-21T06:39:45.087Z level=INFO source=x msg="x"\n')
            written = time.monotonic()
            wait(follower, lambda reading, number=number: reading.parsed == number)  # type: ignore[misc]
            delays.append(time.monotonic() - written)

    # Of three, the best: the others may have met a busy moment of the machine.
    assert min(delays) < 1


def test_an_ollama_that_answers_nothing_does_not_hold_up_the_log(tmp_path: Path) -> None:
    """The API only names models; without it the log is read all the same."""
    file = tmp_path / "server.log"
    file.write_bytes(b"")
    follower = Follower(FileSource(str(file)), Directory(Client("http://127.0.0.1:9", {}), time.monotonic), context())
    try:
        read(follower)
        file.write_bytes(SINGLE)
        after = wait(follower, lambda reading: lines(reading) == SINGLE.count(b"\n"))
    finally:
        follower.close()

    assert series(after, "ollama_prompt_tokens_total")[("tiny-a:latest",)] == 1051


def _error(follower: Follower) -> SourceError:
    """The error of a reading."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            read(follower)
        except SourceError as error:
            return error
    raise AssertionError("there was no error")


def _recovered(follower: Follower, done: Callable[[Reading], bool]) -> Reading:
    """The first reading of which `done` is true, past the errors of before."""

    def attempt() -> Reading | None:
        try:
            return wait(follower, done)
        except (NotPermitted, Unreachable):  # what it recovers from
            return None

    return until(attempt)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Closing a follower ends its thread."""
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("background-")] == []
