"""The child under the stream, step by step: what it ends with, when it is started again, and when not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llama_metrics.collectors.powermetrics.stream import Stream
from llama_metrics.errors import NotPermitted, SourceError, Stale, Unsupported
from llama_metrics.system.backoff import Backoff
from tests.support.fake_powermetrics import FakePowermetrics, document
from tests.support.waiting import until
from tests.unit.powermetrics.listening import is_gone

REFUSED = (
    "monitor may not run powermetrics as root without a password; `llama-metrics doctor` prints the line that grants it"
)


class Clock:
    """Seconds that only the test moves."""

    now = 1000.0

    def __call__(self) -> float:
        """As `time.monotonic`."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """It stands at some time."""
    return Clock()


@pytest.fixture
def fake(tmp_path: Path) -> FakePowermetrics:
    """One that has said nothing so far."""
    return FakePowermetrics(tmp_path)


@pytest.fixture
def stream(fake: FakePowermetrics, clock: Clock) -> Iterator[Stream]:
    """It reads the fake, which gives a sample every second as it believes."""
    stream = Stream((fake.program,), 1.0, "monitor", clock, Backoff(0.5, clock))
    yield stream
    stream.close()


def pieces(stream: Stream) -> list[bytes]:
    """The next ones."""
    return until(lambda: stream.read(0.05))


def error(stream: Stream) -> SourceError:
    """The next one; what comes before it is passed over."""

    def raised() -> SourceError | None:
        try:
            stream.read(0.05)
        except SourceError as error:
            return error
        return None

    return until(raised)


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("complain", "powermetrics must be invoked as the superuser\n"),
        ("write", "powermetrics must be invoked as the superuser\n"),
        ("write", "powermetrics must be invoked as the superuser"),
        ("complain", "sudo: a password is required\n"),
        ("complain", "sudo: a terminal is required to read the password; use the -S option\n"),
        ("complain", "sudo: sorry, you must have a tty to run sudo\n"),
        ("complain", "Sorry, user monitor is not allowed to execute '/usr/bin/powermetrics' as root on mac.\n"),
        ("complain", "Sorry, user monitor may not run sudo on mac.\n"),
        ("complain", "monitor is not in the sudoers file.\n"),
    ],
)
def test_a_right_that_is_missing(stream: Stream, fake: FakePowermetrics, by: str, said: str) -> None:
    """On whichever stream it is said; the sentence says what to do."""
    if by == "write":
        fake.write(said.encode())
    else:
        fake.complain(said)
    fake.exit(1)
    raised = error(stream)

    assert (type(raised), str(raised)) == (NotPermitted, REFUSED)


def test_its_own_words_are_told(stream: Stream, fake: FakePowermetrics) -> None:
    """The last line of them."""
    fake.complain("some notice\npowermetrics: unrecognized sampler: battery\n")
    fake.exit(64)
    raised = error(stream)

    assert type(raised) is Stale
    said, _, fix = str(raised).partition("; ")
    assert said == f"{fake.program} ended with status 64: powermetrics: unrecognized sampler: battery"
    assert fix == "it is tried again, try it in a terminal too"


def test_each_failure_doubles_the_wait_and_a_sample_ends_it(
    stream: Stream, fake: FakePowermetrics, clock: Clock
) -> None:
    """While it lasts the trouble is told again, and there is no other child."""
    for count, wait in enumerate((0.5, 1.0, 2.0), start=1):
        fake.exit(1)
        told = str(error(stream))
        clock.now += wait - 0.1
        with pytest.raises(Stale) as again:
            stream.read(0)
        clock.now += 0.1

        assert str(again.value) == told
        assert len(fake.runs()) == count
    fake.write(document())
    assert pieces(stream) == [document().rstrip()]
    fake.exit(1)
    error(stream)
    clock.now += 0.5
    fake.write(document())

    assert pieces(stream)
    assert (stream.restarts, fake.were_alone()) == (4, True)


def test_silence_is_told_and_ended(stream: Stream, fake: FakePowermetrics, clock: Clock) -> None:
    """Three intervals, and what a start may take; the same for a child that never says a thing."""
    fake.write(document())
    pieces(stream)
    for run in range(2):
        clock.now += 5
        assert stream.read(0) == []
        clock.now += 0.1
        assert stream.read(0) == []
        told = str(error(stream))

        assert told == f"{fake.program} said nothing for 5 s; it is started again"
        assert is_gone(fake.pids()[run])
        clock.now += 1.0
        stream.read(0)
        until(lambda: len(fake.pids()) > run + 1)  # noqa: B023  called at once
    assert (stream.restarts, fake.were_alone()) == (2, True)


def test_bytes_without_an_end_are_silence(stream: Stream, fake: FakePowermetrics, clock: Clock) -> None:
    """A child that stalls within a document is as stuck as any; what it left is no part of the next one's."""
    fake.write(document()[:100])
    stream.read(0)
    until(fake.pids)
    stream.read(5)
    clock.now += 5.1
    fake.write(b"more")
    told = str(error(stream))

    assert "said nothing for 5 s" in told
    clock.now += 0.5
    stream.read(0)
    fake.write(document())
    assert pieces(stream) == [document().rstrip()]


def test_once_an_hour_it_is_started_again(stream: Stream, fake: FakePowermetrics, clock: Clock) -> None:
    """After a whole sample, so that none is torn; it is no trouble, and nobody waits for it."""
    fake.write(document())
    pieces(stream)
    for seconds, runs in ((3600.0, 1), (0.1, 2)):
        fake.write(document())
        clock.now += seconds

        assert stream.read(5) == [document().rstrip()]
        assert stream.read(0) == []
        assert stream.restarts == runs - 1
    fake.write(document())

    assert pieces(stream)
    assert (len(fake.runs()), fake.were_alone(), is_gone(fake.pids()[0])) == (2, True, True)


def test_a_child_that_takes_no_signal_but_the_last(fake: FakePowermetrics, clock: Clock) -> None:
    """It is ended all the same, and the next one begins after that."""
    fake.is_stubborn()
    stream = Stream((fake.program,), 1.0, "monitor", clock, Backoff(0.5, clock))
    fake.write(document())
    pieces(stream)
    clock.now += 5.1
    stream.read(0)
    error(stream)
    clock.now += 0.5
    fake.write(document())
    pieces(stream)
    begun = time.monotonic()
    stream.close()

    assert time.monotonic() - begun < 5
    assert fake.were_alone()
    assert all(map(is_gone, fake.pids()))


# What a user sees of a program that sudo started: it takes no signal, and ends only at its next write.
_OF_ANOTHER_USER = """
import json, os, sys
from pathlib import Path
from llama_metrics.collectors.powermetrics.stream import Stream
from llama_metrics.errors import SourceError
now = [0.0]
go = Path(sys.argv[1])
# It ends by itself, whatever becomes of the test.
program = f"n=0; until [ -e {go} ] || [ $((n += 1)) -gt 1000 ]; do sleep 0.02; done; echo 1; echo 2; sleep 30"
stream = Stream(("/bin/sh", "-c", program), 1.0, "me", lambda: now[0])
told = []
def read():
    try:
        told.append([stream.restarts, [str(piece) for piece in stream.read(0)]])
    except SourceError as error:
        told.append([stream.restarts, str(error)])
read()
if os.geteuid() == 0:
    os.setuid(65534)
now[0] += 5.1
read()
read()
now[0] += 4.1
read()
print("stands still", flush=True)
sys.stdin.readline()
read()
print(json.dumps([*told, stream.restarts]), flush=True)
stream.close()
"""


def test_a_child_of_roots_is_waited_for(tmp_path: Path) -> None:
    """Nobody but root can signal it: its pipe is closed, and as long as it runs there is no other."""
    go = tmp_path / "go"
    run = subprocess.Popen(
        [sys.executable, "-c", _OF_ANOTHER_USER, str(go)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdin is not None
    assert run.stdout is not None
    assert run.stdout.readline() == "stands still\n"
    go.touch()
    said, _ = run.communicate("\n", timeout=20)
    *told, restarts = json.loads(said)

    assert (told[:2], restarts) == ([[0, []], [0, []]], 1)
    # The tests of an ordinary user have no child but their own, which is gone at once.
    if os.geteuid() == 0:
        assert told[2] == [0, []]
        assert told[3][1].startswith("/bin/sh (process ")
        assert " was told to end and still runs; end it with `sudo kill " in told[3][1]
    else:
        assert told[2] == [0, "/bin/sh said nothing for 5 s; it is started again"]


def test_a_program_that_is_not_there(tmp_path: Path, clock: Clock) -> None:
    """Its own sentence."""
    with pytest.raises(Unsupported, match="none is not installed here"):
        Stream((str(tmp_path / "none"),), 1.0, "monitor", clock).start()


def test_a_child_that_floods_standard_error_goes_on(stream: Stream, fake: FakePowermetrics) -> None:
    """Nobody wants what it says there, and a full pipe would stop it."""
    for _ in range(20):
        fake.complain("Second underflow occured\n" * 1000)
    fake.write(document())

    assert pieces(stream) == [document().rstrip()]
