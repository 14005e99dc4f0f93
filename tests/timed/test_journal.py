"""What notifications say of each alert, one after the other."""

from __future__ import annotations

import threading
import time

import pytest

from tests.demo.test_notices import alert, body
from tools.notices import parse
from tools.timed_journal import Arrival, Journal, Key, repeats, together, turns

A: Key = ("OllamaDown", "a")
B: Key = ("OllamaDown", "b")


def told(*messages: dict[Key, str]) -> list[Arrival]:
    """What arrives with messages that name alerts and their states, a second apart."""
    return [
        Arrival(float(number), status, key, "/".join(key), number)
        for number, message in enumerate(messages)
        for key, status in message.items()
    ]


def test_an_alert_that_a_message_repeats_has_not_fired_again() -> None:
    """A group tells of all its alerts whenever there is news of one."""
    arrivals = told({A: "firing"}, {A: "firing", B: "firing"}, {A: "resolved", B: "firing"})

    assert [(one.at, one.status) for one in turns(arrivals, A)] == [(0, "firing"), (2, "resolved")]
    assert [(one.at, one.status) for one in turns(arrivals, B)] == [(1, "firing")]


def test_one_that_fires_after_it_was_resolved_has() -> None:
    """It was lost, and came back."""
    arrivals = told({A: "firing"}, {A: "resolved"}, {A: "firing"})

    assert [one.at for one in turns(arrivals, A)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("messages", "stale"),
    [
        ([{A: "firing"}, {A: "firing", B: "firing"}], []),
        ([{A: "firing", B: "firing"}, {A: "resolved", B: "firing"}, {B: "resolved"}], []),
        ([{A: "firing"}, {A: "firing"}], [(A,)]),
        ([{A: "firing"}, {A: "resolved"}, {A: "resolved"}], [(A,)]),
        ([{A: "firing"}, {A: "resolved"}, {A: "firing"}], []),
    ],
)
def test_a_message_without_news_is_one_too_many(messages: list[dict[Key, str]], stale: list[tuple[Key]]) -> None:
    """It is found by what was known before it, of each alert."""
    assert repeats(told(*messages)) == stale


def test_alerts_of_one_message_came_together() -> None:
    """Two messages right behind each other are two, and a resolved one has not come."""
    assert together(told({A: "firing"}, {A: "firing", B: "firing"}), [A, B])
    assert not together(told({A: "firing"}, {B: "firing"}), [A, B])
    assert not together(told({A: "resolved", B: "firing"}), [A, B])


def test_a_journal_waits_for_the_last_of_its_alerts() -> None:
    """Whatever thread brings it; and no longer than it is told to."""
    journal = Journal()
    down = ("OllamaDown", "demo")

    def later() -> None:
        for notice in parse(body(alert("firing", "OllamaDown")), 7):
            journal.deliver(notice)

    assert not journal.wait([down], "firing", time.monotonic())
    thread = threading.Thread(target=later)
    thread.start()
    assert journal.wait([down], "firing", time.monotonic() + 10)
    thread.join()
    assert not journal.wait([down, ("OllamaFlapping", "demo")], "firing", time.monotonic())
    assert not journal.wait([down], "resolved", time.monotonic())
    (arrival,) = journal.arrivals()
    assert (arrival.key, arrival.status, arrival.fingerprint, arrival.message) == (down, "firing", "f1", 7)
