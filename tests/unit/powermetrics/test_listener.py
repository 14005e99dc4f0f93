"""A stream that is listened to: a real child process stands in for powermetrics, and the test moves the clocks."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llama_metrics.errors import BadAnswer, NotPermitted, Stale
from tests.support.fake_powermetrics import FIXTURES, document
from tests.support.waiting import until
from tests.unit.powermetrics.listening import NOW, Setup, is_gone


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    """A powermetrics that has said nothing so far."""
    setup = Setup(tmp_path)
    yield setup
    setup.close()


def test_samples_come_as_they_are_printed(setup: Setup) -> None:
    """No document waits for the one after it, and each counts."""
    setup.sample(1)
    first = setup.samples(1)
    setup.now = NOW + 1
    setup.sample(2)
    second = setup.samples(2)

    assert dict(first.joules)["cpu"] == 1.0
    assert (dict(second.joules)["cpu"], second.arrived) == (3.0, NOW + 1)
    assert (second.parse_errors, second.implausible, second.restarts) == (0, 0, 0)
    assert setup.listener.last_success == NOW + 1


def test_before_the_first_sample_there_are_counters_at_0(setup: Setup) -> None:
    """It is alive, and nothing is due yet; when it is, it is missed."""
    reading = setup.read()
    setup.seconds += 5
    before = setup.read().sample
    setup.seconds += 0.1

    assert (reading.sample, reading.samples, reading.joules, before) == (None, 0, (), None)
    assert setup.listener.last_success is None
    with pytest.raises(Stale, match="powermetrics gave no sample for 5 s"):
        setup.read()


def test_a_stale_stream_is_told_and_not_shown(setup: Setup) -> None:
    """A sample is shown for three intervals."""
    setup.sample()
    setup.samples(1)
    setup.seconds += 3
    shown = setup.read()
    setup.seconds += 0.1

    assert shown.sample is not None
    with pytest.raises(Stale, match="powermetrics gave no sample for 3 s"):
        setup.read()


def test_a_silent_child_is_replaced(setup: Setup) -> None:
    """After three intervals and what a start may take; energy goes on where it was."""
    setup.sample(1)
    setup.samples(1)
    setup.seconds += 5.1
    setup.error(Stale)
    setup.runs(2)
    setup.sample(2)
    reading = setup.samples(2)
    first, second = setup.fake.pids()

    assert (dict(reading.joules)["cpu"], reading.restarts) == (3.0, 1)
    assert is_gone(first)
    assert not is_gone(second)


def test_a_killed_child_is_replaced(setup: Setup) -> None:
    """Its energy stays; for as long as its last sample is current, that is shown."""
    setup.sample(1)
    setup.samples(1)
    os.kill(setup.fake.pids()[0], signal.SIGKILL)
    until(lambda: setup.listener.restarts)
    shown = setup.read().sample
    setup.seconds += 3.1
    told = setup.error(Stale)
    setup.runs(2)
    setup.sample(2)
    reading = setup.samples(2)

    assert shown is not None
    assert (
        told
        == f"{setup.fake.program} ended with status -9: no reason given; it is tried again, try it in a terminal too"
    )
    assert (dict(reading.joules)["cpu"], reading.restarts) == (3.0, 1)
    assert setup.fake.runs() == [["-i", "1000"]] * 2


def test_a_child_that_is_killed_within_a_document(setup: Setup) -> None:
    """What is cut off counts as an error and as no energy."""
    setup.sample(1)
    setup.fake.write(b"\0" + document(7)[:200])
    setup.samples(1)
    setup.fake.exit(0)
    setup.runs(2)
    setup.sample(2)
    reading = setup.samples(2)

    assert (dict(reading.joules)["cpu"], reading.parse_errors, reading.restarts) == (3.0, 1, 1)


def test_only_a_sample_is_a_success(setup: Setup) -> None:
    """That the program runs, and that it prints something, is none."""
    setup.sample(1)
    setup.samples(1)
    setup.now = NOW + 50
    for count in (1, 2):
        setup.fake.write(b"\0<?xml cut off\0")
        # The round that saw the first is over when the second is seen.
        setup.reading(lambda reading: reading.parse_errors == count)  # noqa: B023  called at once

    assert setup.listener.last_success == NOW


def test_odd_chunks(setup: Setup) -> None:
    """Two and a half documents in one write, the other half in another."""
    setup.fake.write(document(1) + b"\0" + document(2) + b"\0" + document(4)[:333])
    first = setup.samples(2)
    setup.fake.write(document(4)[333:])
    setup.fake.write(b"\0\0\n")
    setup.sample(8)
    reading = setup.samples(4)

    assert (dict(first.joules)["cpu"], dict(reading.joules)["cpu"], reading.parse_errors) == (3.0, 15.0, 0)


def test_a_document_longer_than_a_pipe(setup: Setup) -> None:
    """With every process in it, it has 260 kB."""
    tasks = b"<key>tasks</key><array>" + b"<string>task</string>\n" * 12_000 + b"</array>"
    setup.fake.write(document(1).replace(b"<key>processor", tasks + b"<key>processor"))

    assert dict(setup.samples(1).joules)["cpu"] == 1.0


def test_garbage_is_counted_and_what_follows_is_read(setup: Setup) -> None:
    """Lines between documents, and a document that is none."""
    setup.sample(1)
    setup.fake.write(b"\nSecond underflow occured.\n\xff\xfe\n")
    setup.sample(2)
    setup.fake.write(b"\0<?xml version='1.0'?><plist><dict></plist>\n")
    setup.sample(4)
    reading = setup.samples(3)

    assert (dict(reading.joules)["cpu"], reading.parse_errors) == (7.0, 2)


def test_a_child_that_prints_only_garbage(setup: Setup) -> None:
    """It says what came, and is right again with the first sample."""
    setup.fake.write(b"Segmentation fault\n")
    told = setup.error(BadAnswer)
    setup.sample()

    assert "'Segmentation fault'" in told
    assert setup.samples(1).parse_errors == 1


@pytest.mark.parametrize("name", ["text_apple_silicon", "text_intel"])
def test_text_is_refused(setup: Setup, name: str) -> None:
    """One sentence, which says what to do; a hundred lines count once."""
    setup.fake.write((FIXTURES / f"{name}.txt").read_bytes())
    told = setup.error(BadAnswer)
    setup.sample()

    assert told.endswith("; put `-f plist` into collectors.powermetrics.command")
    assert setup.samples(1).parse_errors == 1


def test_a_right_that_is_taken_away(setup: Setup) -> None:
    """It shows once the last sample is not current any more, and is tried again and again."""
    setup.sample(1)
    setup.samples(1)
    for _ in range(3):
        setup.fake.complain("sudo: a password is required\n")
        setup.fake.exit(1)
    setup.runs(3)
    setup.seconds += 3.1
    setup.error(NotPermitted)
    setup.runs(4)
    setup.sample(2)

    assert dict(setup.samples(2).joules)["cpu"] == 3.0


def test_a_machine_that_slept(setup: Setup) -> None:
    """What it took is counted, its means are not shown; with the next sample all is as before."""
    setup.sample(1)
    setup.samples(1)
    setup.now += 3605
    setup.fake.write(b"\0" + (FIXTURES / "after_sleep.plist").read_bytes())
    woken = setup.samples(2)
    setup.sample(2)
    after = setup.samples(3)

    assert woken.sample is not None
    assert (woken.sample.rails, woken.sample.seconds, woken.sample.thermal) == ((), 3605, "sleeping")
    assert after.sample is not None
    assert len(after.sample.rails) == 3
    assert (dict(after.joules)["cpu"], after.restarts) == (24.63, 0)


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_clock_that_is_set(setup: Setup, jump: float) -> None:
    """Neither makes a sample old, nor a child; only the date on the page follows it."""
    setup.sample(1)
    setup.samples(1)
    setup.now += jump
    shown = setup.read()
    setup.sample(2)
    reading = setup.samples(2)

    assert shown.arrived == NOW
    assert (reading.arrived, reading.restarts, len(setup.fake.pids())) == (NOW + jump, 0, 1)


def test_closing_ends_the_child(setup: Setup) -> None:
    """Soon, and closing twice is harmless."""
    setup.sample(1)
    setup.samples(1)
    before = time.monotonic()
    setup.close()
    setup.close()

    assert time.monotonic() - before < 5
    assert is_gone(setup.fake.pids()[0])
