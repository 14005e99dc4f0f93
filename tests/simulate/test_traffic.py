"""Traffic is worked out, not timed: the same scenario writes the same, whoever asks and however often."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import get_args

import hypothesis.strategies as st
import pytest
from hypothesis import given

from llama_metrics.ollama.names import ModelName
from llama_metrics.simulate import files
from llama_metrics.simulate.event import Event
from llama_metrics.simulate.log import written
from llama_metrics.simulate.scenario import Ending, KeepAlive, Load, Model, Requests, Scenario, Step
from llama_metrics.simulate.state import state_at
from llama_metrics.simulate.traffic import Traffic
from tests.simulate.journal import Journal

BEGAN = datetime(2026, 11, 21, 7, 16, 53, tzinfo=UTC)
A, B = ModelName("a:1"), ModelName("b:1")
MODELS = tuple(Model(name=name, size=10**9, modified_at=datetime(2026, 10, 1, tzinfo=UTC)) for name in (A, B))
TRAFFIC = files.load(Path(__file__).parent / "traffic.yml")
FOREVER = KeepAlive.parse("forever")
LOAD_A = Load(model=A, memory=10**9, gpu=1, context_length=2048, keep_alive=FOREVER)

requests = st.builds(
    Requests,
    model=st.sampled_from([A, B]),
    rate=st.floats(0.05, 3),
    prompt_tokens=st.integers(1, 5000),
    cached=st.floats(0, 1),
    generated_tokens=st.integers(1, 300),
    seconds_per_token=st.floats(0, 0.1),
    ending=st.sampled_from(get_args(Ending)),
)
deeds = st.one_of(
    st.fixed_dictionaries({"requests": st.lists(requests, max_size=3).map(tuple)}),
    st.fixed_dictionaries({"load": st.just((LOAD_A,))}),
    st.fixed_dictionaries({"unload": st.just(A)}),
    st.fixed_dictionaries({"server": st.sampled_from(["down", "up"])}),
)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Any steps in order, possible or not, repeated or not."""
    moments = sorted(draw(st.lists(st.floats(0, 20), max_size=6)))
    steps = tuple(Step(at=at, **draw(deeds)) for at in moments)
    return Scenario("0.33.0", MODELS, steps, repeat_every=draw(st.sampled_from([None, 21.0])))


def asking(*asked: Requests, load: tuple[Load, ...] = (LOAD_A,), version: str = "0.33.0") -> Scenario:
    """Those requests from the start, and what is loaded before."""
    steps = ((Step(at=0, load=load),) if load else ()) + (Step(at=0, requests=asked),)
    return Scenario(version, MODELS, steps)


def events(scenario: Scenario, until: float = 60) -> list[Event]:
    """What is written by then."""
    return list(Traffic(scenario).until(until))


def sections(written: list[Event]) -> list[str]:
    """Which lines they are, in their order."""
    return [section for event in written for section in event.sections]


@given(scenario=scenarios(), moments=st.lists(st.floats(0, 60), max_size=5).map(sorted))
def test_however_it_is_asked_for_the_text_is_the_same(scenario: Scenario, moments: list[float]) -> None:
    """Nothing twice, nothing left out, nothing by chance."""
    piecemeal, at_once = Journal(scenario, BEGAN), Journal(scenario, BEGAN)

    pieces = [piecemeal.until(moment) for moment in [*moments, 60]]

    assert "".join(pieces) == at_once.until(60)
    assert all(piece.endswith("\n") for piece in pieces if piece)


@given(scenario=scenarios(), moment=st.floats(0, 60))
def test_two_spans_hold_what_both_together_hold(scenario: Scenario, moment: float) -> None:
    """So a test may begin to count in the middle."""
    first, second = Counter(written(scenario, moment).counts), Counter(written(scenario, 60, after=moment).counts)
    first.update(second)

    assert first == pytest.approx(Counter(written(scenario, 60).counts))


@given(scenario=scenarios())
def test_lines_come_in_order_and_none_while_the_server_is_down(scenario: Scenario) -> None:
    """A dead server says nothing, and no line is older than the one before."""
    moments = [event.at for event in events(scenario)]

    assert all(earlier <= later for earlier, later in pairwise(moments))
    assert all(state_at(scenario, moment).up for moment in moments)


def test_a_scenario_without_requests_comes_to_an_end() -> None:
    """Its log is the server's start and the loads."""
    traffic = Traffic(Scenario("0.33.0", MODELS, (Step(at=3, load=(LOAD_A,)),)))
    counts = Counter(name for event in traffic.until(3) for name in event.counts)

    assert traffic.coming is None
    assert counts == {
        ("ollama_model_loads_total", A): 1,
        ("ollama_http_requests_total", "POST", "/api/generate", "200"): 1,
    }


def test_a_scenario_that_writes_nothing_is_read_to_any_moment() -> None:
    """Repeated for ever, or asked for by requests that nobody sends: what comes is a moment, not a line."""
    silent = (Step(at=0, requests=(Requests(model=A, rate=1),)),)
    for scenario in (Scenario("0.33.0", MODELS, (), repeat_every=5), Scenario("0.33.0", MODELS, silent)):
        traffic = Traffic(scenario)

        assert sections(list(traffic.until(100))) == ["start", "cpu", "default_context"]
        assert traffic.coming is not None
        assert traffic.coming > 100


def test_a_rate_is_kept() -> None:
    """So many a second, for as long as they hold."""
    scenario = asking(Requests(model=A, rate=2, generated_tokens=2))

    assert written(scenario, 100).total("ollama_requests_total") == pytest.approx(200, abs=1)


def test_requests_hold_until_others_take_their_place() -> None:
    """And an empty list is none at all."""
    steps = (
        Step(at=0, load=(LOAD_A,)),
        Step(at=0, requests=(Requests(model=A, rate=2, generated_tokens=2),)),
        Step(at=10, requests=(Requests(model=A, rate=1, ending="rejected"),)),
        Step(at=20, requests=()),
    )
    scenario = Scenario("0.33.0", MODELS, steps)

    assert written(scenario, 99, after=10.5).total("ollama_requests_total") == 0
    assert written(scenario, 99).total("ollama_queue_rejections_total") == pytest.approx(10, abs=1)
    assert written(scenario, 99, after=20.5).counts == {}


def test_tokens_are_spread_around_their_mean() -> None:
    """For the histograms; half as many at least, one and a half times as many at most."""
    scenario = asking(Requests(model=A, rate=5, prompt_tokens=100, generated_tokens=10, seconds_per_token=0.001))
    prompts = {int(str(event.values["prompt"])) for event in events(scenario) if "timing" in event.sections}

    assert 50 <= min(prompts) < 60
    assert 140 < max(prompts) <= 150


def test_a_model_answers_one_request_at_a_time_and_the_others_wait() -> None:
    """The wait is in the answer's time, not in the generation's."""
    scenario = asking(Requests(model=A, rate=1, generated_tokens=300, seconds_per_token=0.01))
    seen = events(scenario)
    took = [float(str(event.values["seconds"])) for event in seen if event.sections == ("gin",)]
    slots = [section for section in sections(seen) if section in ("launch", "timing")]

    assert slots[:6] == ["launch", "timing"] * 3
    assert took[1] < took[3] < took[5] < took[7]


def test_nobody_waits_for_ever() -> None:
    """A scenario that asks for more than can be answered must not grow for as long as it runs."""
    counts = written(asking(Requests(model=A, rate=5, generated_tokens=300, seconds_per_token=0.02)), 600).counts

    assert counts["ollama_requests_cancelled_total", "500"] > 2000
    assert counts["ollama_requests_total", A] > 50


def test_a_model_that_was_deleted_is_not_found() -> None:
    """404, and no runner hears of it."""
    steps = (Step(at=0, delete=A), Step(at=0, requests=(Requests(model=A, rate=1),)))

    assert written(Scenario("0.33.0", MODELS, steps), 10).counts == {
        ("ollama_http_requests_total", "POST", "/api/chat", "404"): 10
    }


def test_nobody_asks_a_model_that_is_not_in_memory() -> None:
    """A scenario says itself what is loaded; its expiry ends the traffic."""
    load = Load(model=A, memory=10**9, gpu=1, context_length=2048, keep_alive=KeepAlive(5))
    scenario = asking(Requests(model=A, rate=2, generated_tokens=2), Requests(model=B, rate=2), load=(load,))

    assert written(scenario, 99).total("ollama_requests_total") == pytest.approx(10, abs=1)


def test_a_server_that_dies_takes_its_requests_with_it() -> None:
    """What was being answered leaves its beginning in the log, and no end; then a new server begins."""
    long = Requests(model=A, rate=0.2, generated_tokens=300, seconds_per_token=1)
    steps = (
        Step(at=0, load=(LOAD_A,)),
        Step(at=0, requests=(long,)),
        Step(at=20, server="down"),
        Step(at=30, server="up"),
    )
    seen = sections(events(Scenario("0.33.0", MODELS, steps), until=40))

    assert "launch" in seen
    assert "timing" not in seen
    assert seen.count("start") == 2


def test_a_crashed_runner_starts_over_without_a_cache() -> None:
    """Its tasks are numbered from 0 again."""
    plain = Requests(model=A, rate=1, cached=0.5, generated_tokens=2)
    scenario = asking(plain, Requests(model=A, rate=0.1, cached=0.5, generated_tokens=2, ending="crashed"))
    launched = [
        (event.values["task"], event.values["cached"] == 0) for event in events(scenario) if "launch" in event.sections
    ]

    assert sum(task == 0 for task, _ in launched) == 1 + written(scenario, 60).total("ollama_runner_crashes_total") > 5
    assert all((task == 0) == fresh for task, fresh in launched)
