"""state_at is a pure function whose every value could be a real Ollama's."""

from __future__ import annotations

from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis import given

from llama_metrics.ollama.names import ModelName
from llama_metrics.simulate import files
from llama_metrics.simulate.scenario import KeepAlive, Load, Model, Scenario, Step
from llama_metrics.simulate.state import State, next_step, state_at

A, B = ModelName("a:1"), ModelName("b:1")
MODELS = tuple(Model(name=name, size=10, modified_at=datetime(2026, 10, 1, tzinfo=UTC)) for name in (A, B))

seconds = st.floats(min_value=0, max_value=10**6)
names = st.sampled_from([A, B, ModelName("c:1")])
loads = st.builds(
    Load,
    model=names,
    memory=st.integers(0, 2**63 - 1),
    gpu=st.floats(0, 1),
    keep_alive=st.one_of(st.floats(0, 50), st.just(KeepAlive.FOREVER)).map(KeepAlive),
    busy=st.booleans(),
)
deeds = st.one_of(
    st.fixed_dictionaries({"load": st.lists(loads, min_size=1, max_size=2).map(tuple)}),
    *(st.fixed_dictionaries({deed: names}) for deed in ("unload", "delete", "pull")),
    st.fixed_dictionaries({"server": st.sampled_from(["down", "up"])}),
)
moments = st.lists(st.floats(0, 100), max_size=12).map(sorted)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Any steps in order, possible or not, repeated or not."""
    steps = tuple(Step(at=at, **draw(deeds)) for at in draw(moments))
    return Scenario(version="0.33.0", models=MODELS, steps=steps, repeat_every=draw(st.sampled_from([None, 101.0])))


def loaded(state: State) -> list[str]:
    """The names of the models in memory."""
    return [one.model.name for one in state.loaded]


@given(
    scenario=st.one_of(scenarios(), st.sampled_from([files.load(files.find(one)) for one in files.shipped()])),
    moment=seconds,
)
def test_every_moment_could_be_real(scenario: Scenario, moment: float) -> None:
    """What is in memory is installed, once, no more of it on the GPU than there is, and nothing when down."""
    state = state_at(scenario, moment)
    installed = [one.model.name for one in state.installed]

    assert len(set(installed)) == len(installed)
    assert len(set(loaded(state))) == len(state.loaded)
    assert set(loaded(state)) <= set(installed) <= {model.name for model in scenario.models}
    assert all(0 <= one.vram <= one.memory for one in state.loaded)
    assert all(one.busy or one.expires_at > moment for one in state.loaded)
    assert state.up or not state.loaded


@given(scenario=scenarios(), moment=seconds)
def test_nothing_but_expiry_happens_between_two_steps(scenario: Scenario, moment: float) -> None:
    """Who waits for next_step misses no change: up to then only the memory's models may have gone."""
    coming = next_step(scenario, moment)
    before, late = state_at(scenario, moment), state_at(scenario, moment if coming is None else (moment + coming) / 2)

    assert coming is None or coming > moment
    if coming is None or (moment + coming) / 2 < coming:
        assert (late.up, late.installed) == (before.up, before.installed)
        assert set(loaded(late)) <= set(loaded(before))


@pytest.mark.parametrize(("moment", "expected"), [(3.999, []), (4, [A]), (8.999, [A]), (9, []), (10**6, [])])
def test_a_model_is_there_from_its_load_until_its_keep_alive_is_over(moment: float, expected: list[str]) -> None:
    """The first moment counts, the last does not."""
    step = Step(at=4, load=(Load(model=A, memory=8, gpu=1, keep_alive=KeepAlive(5)),))

    assert loaded(state_at(Scenario("x", MODELS, (step,)), moment)) == expected


def test_a_busy_model_stays_past_its_expiry_and_a_pinned_one_for_ever() -> None:
    """Expired but present, and 292 years."""
    busy = Load(model=A, memory=8, gpu=0.5, keep_alive=KeepAlive(0), busy=True)
    pinned = Load(model=B, memory=8, gpu=0, keep_alive=KeepAlive.parse("forever"))
    state = state_at(Scenario("x", MODELS, (Step(at=1, load=(busy, pinned)),)), 1000)

    assert [(one.model.name, one.vram, one.expires_at) for one in state.loaded] == [
        (A, 4, 1.0),
        (B, 0, 1.0 + 9223372036.854775807),
    ]


@pytest.mark.parametrize(
    ("moment", "up", "expected"), [(4.9, True, [A]), (5, False, []), (6.9, False, []), (7, True, []), (9, True, [A])]
)
def test_a_server_that_comes_back_has_an_empty_memory(moment: float, up: bool, expected: list[str]) -> None:
    """As a new process has; what is installed is on disk and stays."""
    load = (Load(model=A, memory=8, gpu=1),)
    steps = (Step(at=1, load=load), Step(at=5, server="down"), Step(at=7, server="up"), Step(at=8, load=load))
    state = state_at(Scenario("x", MODELS, steps), moment)

    assert (state.up, loaded(state), len(state.installed)) == (up, expected, 2)


def test_a_deleted_model_leaves_disk_and_memory_and_a_pull_brings_it_back_as_the_newest() -> None:
    """Its date is that of the pull."""
    steps = (Step(at=1, load=(Load(model=A, memory=8, gpu=1),)), Step(at=2, delete=A), Step(at=3, pull=A))
    scenario = Scenario("x", MODELS, steps)
    gone, back = state_at(scenario, 2), state_at(scenario, 3)

    assert (loaded(gone), [one.model.name for one in gone.installed]) == ([], [B])
    assert [(one.model.name, one.pulled_at) for one in back.installed] == [(B, None), (A, 3.0)]


def test_a_repeated_scenario_starts_over_from_nothing() -> None:
    """The second round is the first, later; what was pinned in the first is gone."""
    pinned = Load(model=A, memory=8, gpu=1, keep_alive=KeepAlive.parse("forever"))
    scenario = Scenario("x", MODELS, (Step(at=4, load=(pinned,)),), repeat_every=10)

    assert [loaded(state_at(scenario, moment)) for moment in (9.9, 10, 13.9, 14)] == [[A], [], [], [A]]
    assert [next_step(scenario, moment) for moment in (0, 4, 10, 13.9, 14)] == [4, 10, 14, 14, 20]
    assert state_at(scenario, 14).loaded[0].expires_at == 14 + KeepAlive.FOREVER
