"""The probes on their own thread: when, never two at once, and what a scrape sees of them."""

from __future__ import annotations

import socket
import threading
import time
from functools import partial

import pytest

from llama_metrics.collectors.probe.source import ProbeSource
from llama_metrics.errors import Stale
from tests.support.fake_ollama import Behaviour, FakeOllama
from tests.support.waiting import until
from tests.unit.probe.probing import (
    FIRST,
    GENERATE,
    LAST,
    PS,
    SOON,
    Probing,
    Waiting,
    answer,
    in_memory,
    named,
    opened,
    ps,
)


class Pauses:
    """Lets the first round begin, then waits for `go`; keeps how long each pause was to be, and moves the clock on."""

    def __init__(self, probing: Probing) -> None:
        self._probing = probing
        self.asked: list[float] = []
        self.go = threading.Semaphore(1)

    def __call__(self, closing: threading.Event, seconds: float) -> bool:
        """As threading.Event.wait."""
        self.asked.append(seconds)
        while not self.go.acquire(timeout=0.05):
            if closing.is_set():
                return True
        self._probing.seconds += seconds
        return False


def test_rounds_are_an_interval_apart_give_or_take_a_tenth() -> None:
    """From the beginning of one to that of the next; the first is at once, and one that is late does not wait."""
    chances = iter([0.0, 1.0, 0.5, 0.5])
    with Probing(named("a:1")) as probing:
        pauses = Pauses(probing)
        usual = probing.ollama.answers[PS]
        source = ProbeSource(named("a:1"), probing.context, lambda: next(chances), pauses)

        def slowly(connection: socket.socket) -> None:
            probing.seconds += 70
            usual(connection)

        try:
            until(lambda: len(pauses.asked) == 2)
            pauses.go.release()
            until(lambda: len(pauses.asked) == 3)
            probing.ollama.answers[PS] = slowly
            pauses.go.release()
            until(lambda: len(pauses.asked) == 4)
        finally:
            source.close()

    assert pauses.asked == pytest.approx([0.0, 54.0, 66.0, 0.0])


def test_there_are_never_two_requests_at_once() -> None:
    """Neither two models, nor a look beside a probe, however fast the rounds follow each other."""
    lock, at_once, most = threading.Lock(), 0, 0
    done = {PS: ps(in_memory("a:1"), in_memory("b:1")), GENERATE: answer(FIRST, LAST)}

    def counted(path: str, connection: socket.socket) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.005)  # a request that takes no time would hide another one beside it
        with lock:
            at_once -= 1
        done[path](connection)

    answers = {path: partial(counted, path) for path in done}
    with FakeOllama(answers) as ollama, opened(ollama, named("a:1", "b:1", interval=0.001)):
        until(lambda: ollama.asked[GENERATE] >= 20)

    assert most == 1


def test_a_reading_is_there_at_once() -> None:
    """Before the first round is over, and while a request waits: what is known, without waiting for it."""
    waiting = Waiting(b"")
    answers: dict[str, Behaviour] = {PS: ps(in_memory("a:1")), GENERATE: waiting}
    with FakeOllama(answers) as ollama, opened(ollama, named("a:1", timeout=60)) as source:
        assert waiting.begun.wait(SOON)
        began = time.monotonic()
        (one,) = source.read(began)
        took = time.monotonic() - began

    assert (one.model, one.attempts, one.last) == ("a:1", 0, None)
    assert took < SOON


def test_a_step_that_does_not_end_is_told() -> None:
    """Five seconds after its own bound; when it goes on, all is well again."""
    waiting = Waiting(b"")
    with Probing(named("a:1"), in_memory("a:1")) as probing:
        probing.says(waiting)
        pauses = Pauses(probing)
        source = ProbeSource(named("a:1", timeout=30), probing.context, lambda: 0.5, pauses)
        try:
            assert waiting.begun.wait(SOON)
            probing.seconds += 35
            source.read(0)
            probing.seconds += 0.1
            with pytest.raises(Stale, match="the probe should have gone on 0 s ago"):
                source.read(0)
            probing.ollama.hang_up()
            until(lambda: len(pauses.asked) == 2)
            (one,) = source.read(0)
        finally:
            source.close()

    assert one.attempts == 1


def test_a_bug_is_raised_and_the_next_round_is_in_its_time() -> None:
    """It is no trouble of Ollama's; when a round goes well, it is over."""
    with Probing(named("a:1"), in_memory("a:1")) as probing:
        pauses = Pauses(probing)
        chances = iter([0.5, 0.5])
        source = ProbeSource(named("a:1"), probing.context, lambda: next(chances), pauses)
        try:
            until(lambda: len(pauses.asked) == 2)
            pauses.go.release()
            until(lambda: len(pauses.asked) == 3)
            pauses.go.release()
            # The third chance is none.
            until(lambda: source.restarts)
            with pytest.raises(StopIteration):
                source.read(0)
        finally:
            source.close()


def test_every_count_is_there_from_the_moment_it_is_opened() -> None:
    """Of a named model, before anybody has answered anything."""
    with FakeOllama({PS: Waiting(b"")}) as ollama, opened(ollama, named("a:1")) as source:
        (one,) = source.read(0)
        ourselves = source.last_success, source.restarts, source.rejected

    assert (one.model, one.attempts, ourselves) == ("a:1", 0, (None, 0, 0))
