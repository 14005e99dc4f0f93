"""What is left alone for a while, and what is forgotten after an hour."""

from __future__ import annotations

import pytest

from llama_metrics.collectors.probe.account import Account
from llama_metrics.collectors.probe.metrics import RELOADED
from tests.support.fake_ollama import hang, http
from tests.unit.probe.probing import (
    Probing,
    changed,
    in_memory,
    loaded_in,
    named,
)

# In minutes.
REST, HOUR = 10.0, 60.0


def test_a_model_that_only_embeds_is_no_failure_and_asked_rarely() -> None:
    """Ollama's refusal is told from any other by its words."""
    refusal = http('{"error":"\\"a:1\\" does not support generate"}', "400 Bad Request")
    with Probing(named("a:1"), in_memory("a:1")) as probing:
        probing.says(refusal)
        one = probing.round()["a:1"]
        again = probing.round(REST - 0.01)["a:1"]
        in_between = len(probing.asked())
        probing.round(0.02)
        after = len(probing.asked())

    assert (one.attempts, changed(one.failures), changed(one.skips), one.last) == (0, {}, {"no_generation": 1}, None)
    assert (again.attempts, changed(again.skips)) == (0, {"no_generation": 2})
    assert (in_between, after) == (1, 2)


@pytest.mark.parametrize(("seconds", "is_left_alone"), [(0.9, False), (1.1, True), (86_401, False)])
def test_a_model_that_a_probe_had_loaded_anew_is_left_alone(seconds: float, is_left_alone: bool) -> None:
    """An option differs that nobody can see; the probe itself went well. A load of a day cannot be true."""
    with Probing(named("a:1"), in_memory("a:1")) as probing:
        probing.says(loaded_in(seconds))
        first = probing.round()["a:1"]
        second = probing.round(REST - 0.01)["a:1"]
        third = probing.round(0.02)["a:1"]
        rejected = probing.prober.rejected

    assert first.last is not None
    assert first.last.success
    assert changed(second.skips) == ({"reloaded": 1} if is_left_alone else {})
    assert third.attempts == (2 if is_left_alone else 3)
    assert rejected == (0 if seconds < 86_400 else 3)


def test_each_further_time_it_is_left_alone_for_twice_as_long() -> None:
    """The minutes at which it is asked, with a round each minute."""
    with Probing(named("a:1"), in_memory("a:1")) as probing:
        probing.says(loaded_in(2.0))
        attempts = [0, *(probing.round()["a:1"].attempts for _ in range(160))]

    assert [at for at in range(1, 161) if attempts[at] > attempts[at - 1]] == [1, 11, 31, 71, 151]


def test_at_most_a_day_and_after_a_day_without_it_begins_anew() -> None:
    """In seconds, from the end of the rest before."""
    account, now = Account("a:1", is_named=True, may_load=False), 0.0
    for pause, rest in [*((0, 600 * 2**n) for n in range(8)), (0, 86_400), (0, 86_400), (86_401, 600), (86_400, 1200)]:
        now += pause
        account.leave_alone(RELOADED, now)
        now += rest

        assert [account.left_alone(now - 1), account.left_alone(now)] == [RELOADED, None], rest


def test_a_model_that_is_gone_after_its_probe_ran_out_of_time_is_left_alone() -> None:
    """Loading it anew took longer than the probe waits: each further probe would throw it out again."""
    with Probing(named("a:1", load=True, timeout=0.2), in_memory("a:1")) as probing:
        probing.says(hang)
        probing.round()
        probing.holds()
        one = probing.round()["a:1"]

    assert (one.attempts, changed(one.failures), changed(one.skips)) == (1, {"timed_out": 1}, {"reloaded": 1})


def test_a_model_that_is_still_there_after_its_probe_ran_out_of_time_is_asked_again() -> None:
    """That is what is to be found out: it is there, and does not answer."""
    with Probing(named("a:1", timeout=0.2), in_memory("a:1")) as probing:
        probing.says(hang)
        probing.round()
        one = probing.round()["a:1"]

    assert (one.attempts, changed(one.failures), changed(one.skips)) == (2, {"timed_out": 2}, {})


def test_a_pinned_model_is_forgotten_an_hour_after_it_has_gone() -> None:
    """A page does not grow for ever; if it comes back, its counters begin at 0."""
    with Probing(named("b:1"), in_memory("a:1", pinned=True)) as probing:
        probing.round()
        probing.holds()
        probing.round()
        kept = probing.round(HOUR - 0.01)
        forgotten = probing.round(0.02)
        probing.holds(in_memory("a:1", pinned=True))
        probing.round()
        back = probing.round()

    assert (set(kept), set(forgotten)) == ({"a:1", "b:1"}, {"b:1"})
    assert (kept["a:1"].attempts, back["a:1"].attempts) == (1, 2)


def test_a_pinned_model_that_comes_back_within_the_hour_goes_on() -> None:
    """Its counters did not end; the last probe of before is not shown while it is skipped."""
    with Probing(named(), in_memory("a:1", pinned=True)) as probing:
        probing.round()
        probing.holds()
        probing.round()
        probing.holds(in_memory("a:1", None, pinned=True))
        one = probing.round()["a:1"]

    assert (one.attempts, changed(one.skips), one.last, one.last_success) == (1, {"no_context": 1}, None, None)
