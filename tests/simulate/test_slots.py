"""A simulated runner's slot and counters: the recorded shapes, and numbers that move when a real one's do."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from llama_metrics.simulate.event import Work
from llama_metrics.simulate.slots import Job, Slot, as_told, from_told
from tests.simulate.recorded import recorded

# A prompt of 2 s, in two batches, then 20 tokens in 4 s.
WORK = Work(6, 0, "a:1", 0, task=7, prompt=1001, cached=1, generated=20, prompt_seconds=2)
CONTEXT = 4096


def slot_with(*jobs: Job) -> Slot:
    """A slot that was told of these."""
    slot = Slot(CONTEXT)
    for job in jobs:
        slot.begin(job)
    return slot


def values(slot: Slot, now: float) -> dict[str, float]:
    """The samples of /metrics."""
    found = re.findall(r"^llamacpp:(\w+) (\S+)$", slot.metrics(now), re.MULTILINE)
    return {name: float(value) for name, value in found}


def keys(slot: object) -> list[tuple[str, str]]:
    """Names and types in their order, but for the settings of a request, of which ours has a few."""
    assert isinstance(slot, dict)
    (following,) = slot.get("next_token", [{}])
    return [(name, type(value).__name__) for name, value in (*slot.items(), *following.items())]


@pytest.mark.parametrize(("name", "now"), [("idle", 20), ("busy", 15), ("busy_prompt", 10.5), ("after", 99)])
def test_a_slot_has_the_recorded_shape(name: str, now: float) -> None:
    """Idle, at a prompt, generating, and after it."""
    (real,) = json.loads(recorded(f"runner/runner_slots.{name}.default").body)

    assert keys(slot_with(Job(10, WORK)).shown(now)) == keys(real)


def test_a_slot_that_had_no_request_says_little() -> None:
    """As two of the recorded four."""
    real = json.loads(recorded("runner/metrics_parallel.runner1.slots").body)[0]

    assert Slot(CONTEXT).shown(5) == real


def test_the_context_fills_with_the_prompt_batch_by_batch_and_then_with_each_token() -> None:
    """Which is how to see that a request moves."""
    slot = slot_with(Job(10, WORK))
    seen = [(now, slot.shown(now)) for now in (10, 11.5, 12, 13, 15.9, 16)]

    assert [(now, one["n_prompt_tokens"], one["n_prompt_tokens_processed"]) for now, one in seen] == [
        (10, 513, 0),
        (11.5, 1001, 512),
        (12, 1002, 1000),
        (13, 1007, 1000),
        (15.9, 1021, 1000),
        (16, 1020, 0),
    ]
    assert [one["is_processing"] for _, one in seen] == [True] * 5 + [False]


def test_counters_step_as_recorded() -> None:
    """Those of the prompt when it is done, those of generated tokens at the end; decoding counts meanwhile."""
    slot = slot_with(Job(10, WORK))
    moments = [values(slot, now) for now in (11, 12, 14, 16, 99)]

    assert [one["prompt_tokens_total"] for one in moments] == [0, 1000, 1000, 1000, 1000]
    assert [one["prompt_tokens_cached_total"] for one in moments] == [0, 1, 1, 1, 1]
    assert [one["prompt_seconds_total"] for one in moments] == [0, 2, 2, 2, 2]
    assert [one["tokens_predicted_total"] for one in moments] == [0, 0, 0, 20, 20]
    assert [one["tokens_predicted_seconds_total"] for one in moments] == [0, 0, 0, 4, 4]
    assert [one["requests_processing"] for one in moments] == [1, 1, 1, 0, 0]
    assert [one["n_decode_total"] for one in moments] == [1, 2, 12, 21, 21]


def test_the_metrics_have_the_recorded_names_texts_and_kinds() -> None:
    """Every line but the values."""
    real = recorded("runner/runner_metrics.busy.metrics_on").body.decode()

    def comments(page: str) -> list[str]:
        return [line for line in page.splitlines() if line.startswith("#")]

    assert comments(slot_with(Job(0, WORK)).metrics(1)) == comments(real)


def test_a_context_that_is_full_is_shifted() -> None:
    """Half of it goes each time; it never holds more than it can."""
    endless = replace(WORK, seconds=math.inf, prompt_seconds=0, generated=2**31)
    slot = slot_with(Job(0, endless))
    used = [int(str(slot.shown(now)["n_prompt_tokens"])) for now in range(1, 2000)]

    assert max(used) <= CONTEXT
    assert sum(later < earlier for earlier, later in pairwise(used)) > 5
    assert slot.shown(10**6)["is_processing"]


def test_a_job_survives_its_telling() -> None:
    """As a line of JSON, infinity included."""
    job = Job(12.5, replace(WORK, seconds=math.inf))

    assert from_told(json.loads(json.dumps(as_told(job)))) == job


jobs = st.lists(
    st.tuples(
        st.floats(0, 10),
        st.integers(0, 3000),
        st.integers(1, 3000),
        st.integers(0, 300),
        st.floats(0, 5),
        st.floats(0, 5),
    ),
    max_size=4,
)


@given(drawn=jobs)
@example(drawn=[(0.0, 0, 1, 1, 0.0, 2.3e-311)])
def test_counters_never_fall_and_end_at_the_sums(drawn: list[tuple[float, int, int, int, float, float]]) -> None:
    """However requests follow each other."""
    slot, at, before = Slot(CONTEXT), 0.0, values(Slot(CONTEXT), 0)
    for pause, cached, evaluated, generated, prompt_seconds, seconds in drawn:
        at += pause
        work = Work(prompt_seconds + seconds, 0, "a", 0, 0, cached + evaluated, cached, generated, prompt_seconds)
        slot.begin(Job(at, work))
        for now in (at - 0.1, at, at + prompt_seconds, at + prompt_seconds + seconds / 2, at + work.seconds):
            after = values(slot, now)
            assert all(after[name] >= before[name] for name in after if name.endswith(("_total", "_max")))
            before = after
        at += work.seconds

    assert before["tokens_predicted_total"] == sum(one[3] for one in drawn)
    assert before["prompt_tokens_total"] == sum(one[2] for one in drawn)
    assert before["requests_processing"] == 0
