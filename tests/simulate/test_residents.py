"""Who is in memory when clients ask: what Ollama's scheduler does, on a clock of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from llama_metrics.ollama.names import ModelName
from llama_metrics.simulate.loads import Loaded
from llama_metrics.simulate.residents import Resident, Residents
from llama_metrics.simulate.scenario import KeepAlive, Load, Model, Scenario, Step
from llama_metrics.simulate.state import State, happenings

NAMES = ("a:1", "b:1", "c:1")
MODELS = {
    name: Model(name=ModelName(name), size=10**9, modified_at=datetime(2026, 10, 1, tzinfo=UTC)) for name in NAMES
}
UP = State("0.33.0", up=True, known=(), installed=(), loaded=())
# Of a model of this size.
LOAD_SECONDS = 0.5


def wanted(name: str, context: int = 4096) -> Loaded:
    """A model as a client wants it."""
    return Loaded(MODELS[name], 10**9, 0, context)


def asked(
    residents: Residents,
    now: float,
    name: str,
    context: int = 4096,
    *,
    keep_alive: float | None = None,
    takes: float = 1,
) -> Resident:
    """A request that comes now and takes so many seconds in the slot; the model after it."""
    resident = residents.bring(now, wanted(name, context))
    assert resident
    end = max(now, resident.free_at) + takes
    return residents.hold(residents.take(resident, end, 1), now, end, keep_alive)


def names(residents: Residents, now: float) -> list[str]:
    """What /api/ps lists."""
    return [one.model.name for one in residents.state(UP, now).loaded]


def ends(residents: Residents, now: float) -> list[float]:
    """When /api/ps says that the models end."""
    return [one.expires_at for one in residents.state(UP, now).loaded]


def loading(*loads: Load) -> Residents:
    """Those that a scenario loads at 0."""
    residents = Residents()
    for moment, step, state in happenings(Scenario("0.33.0", tuple(MODELS.values()), (Step(at=0, load=loads),))):
        residents.happen(moment, step, state)
    return residents


def a_load(name: str = "a:1", keep_alive: float = 60, *, busy: bool = False) -> Load:
    """A model that a scenario loads."""
    return Load(MODELS[name].name, 10**9, 0, 4096, KeepAlive(keep_alive), busy)


def test_a_model_is_listed_when_it_is_loaded_and_goes_five_minutes_after_its_last_request() -> None:
    """Not while it loads, as of Ollama 0.30; its end moves until its first request is answered."""
    residents = Residents()
    asked(residents, 10, "a:1", takes=4)

    assert [names(residents, moment) for moment in (10.4, 10.5, 314.4, 314.5)] == [[], ["a:1"], ["a:1"], []]
    assert [ends(residents, moment) for moment in (11, 12, 14.5, 15)] == [[311], [312], [314.5], [314.5]]


def test_a_later_request_moves_the_end_only_when_it_is_answered() -> None:
    """Until then the end of before is told, and may lie in the past; the model stays."""
    residents = loading(a_load(keep_alive=60))
    asked(residents, 50, "a:1", takes=20)

    assert [ends(residents, moment) for moment in (55, 65, 70)] == [[60], [60], [130]]
    assert (residents.reloads, residents.evictions) == (0, 0)


def test_of_two_requests_side_by_side_the_last_answer_counts() -> None:
    """One slot: the second waits for it, and nothing moves between the two."""
    residents = loading(a_load(keep_alive=60))
    asked(residents, 10, "a:1", takes=5)
    asked(residents, 11, "a:1", takes=5)

    assert [ends(residents, moment) for moment in (14, 16, 20)] == [[60], [60], [80]]
    resident = residents.find("a:1", 12)
    assert resident
    residents.hold(resident, 12, 12, None)  # one that only loads, and is answered before the others
    assert [ends(residents, moment) for moment in (14, 16, 20)] == [[60], [60], [80]]


def test_another_context_loads_the_model_anew_and_the_same_does_not() -> None:
    """It is gone while it loads, and the new one is kept for as long as any, even if the old one was pinned."""
    residents = loading(a_load(keep_alive=KeepAlive.FOREVER))
    asked(residents, 10, "a:1", 4096)
    assert residents.reloads == 0
    asked(residents, 20, "a:1", 2048)

    assert residents.reloads == 1
    assert [names(residents, moment) for moment in (20, 20.4, 20.5)] == [[], [], ["a:1"]]
    assert residents.state(UP, 30).loaded[0].context_length == 2048
    assert ends(residents, 30) == [20 + LOAD_SECONDS + 1 + 300]


def test_a_reload_waits_for_the_request_under_way() -> None:
    """The old one answers to its end."""
    residents = loading(a_load())
    asked(residents, 10, "a:1", takes=5)
    new = asked(residents, 11, "a:1", 8192)

    assert new.started == 15 + LOAD_SECONDS
    assert [names(residents, moment) for moment in (14.9, 15, 15.5)] == [["a:1"], [], ["a:1"]]


@pytest.mark.parametrize(("sent", "kept"), [(None, 60), (7.0, 7), (0.0, 0), (KeepAlive.FOREVER, KeepAlive.FOREVER)])
def test_a_keep_alive_that_is_sent_changes_the_runners_own(sent: float | None, kept: float) -> None:
    """For good: the next request that sends none has it too."""
    residents = loading(a_load(keep_alive=60))
    asked(residents, 10, "a:1", keep_alive=sent)
    assert ends(residents, 11) == ([11 + kept] if kept else [])
    residents = loading(a_load(keep_alive=60))
    asked(residents, 10, "a:1", keep_alive=sent or 9)
    asked(residents, 12, "a:1")

    assert ends(residents, 13) == [13 + (sent or 9)]


@pytest.mark.parametrize(("stays", "goes"), [("a:1", "b:1"), ("b:1", "a:1")])
def test_where_no_more_fit_an_idle_one_goes_and_the_shortest_kept_of_them(stays: str, goes: str) -> None:
    """As Ollama chooses, whoever came first; a pinned one goes last, but before one that is at work."""
    residents = Residents(fit=2)
    for number, name in enumerate(sorted((stays, goes))):
        asked(residents, 10 * number, name, keep_alive=KeepAlive.FOREVER if name == stays else 100)
    asked(residents, 20, "c:1", keep_alive=50)

    assert names(residents, 30) == [stays, "c:1"]
    assert (residents.evictions, residents.reloads) == (1, 0)
    asked(residents, 40, "c:1", takes=10)
    asked(residents, 41, goes)
    assert names(residents, 45) == ["c:1", goes]


def test_where_all_are_at_work_the_new_one_waits() -> None:
    """Until the one that goes has answered."""
    residents = Residents(fit=1)
    asked(residents, 0, "a:1", takes=10)

    assert asked(residents, 5, "b:1").started == 10 + 2 * LOAD_SECONDS
    assert [names(residents, moment) for moment in (10.4, 10.5, 11)] == [["a:1"], [], ["b:1"]]


def test_models_load_one_after_the_other() -> None:
    """Also one that is about to go, and is asked for again before it has."""
    residents = Residents(fit=1)
    asked(residents, 0, "a:1", takes=10)
    asked(residents, 1, "b:1", takes=1)
    again = asked(residents, 2, "a:1", takes=1)

    # a to 10.5, b loads and answers to 12, then a loads.
    assert again.started == 12 + LOAD_SECONDS
    assert [names(residents, moment) for moment in (10.4, 10.5, 11, 12, 12.5)] == [["a:1"], [], ["b:1"], [], ["a:1"]]


def test_what_is_never_done_never_makes_room() -> None:
    """A scenario's model that is busy for good keeps its slot and its place."""
    residents = loading(a_load(busy=True))

    assert residents.bring(10, wanted("a:1")) is None
    assert residents.bring(10, wanted("a:1", 2048)) is None
    assert names(residents, 10**6) == ["a:1"]
    assert (residents.reloads, residents.evictions) == (0, 0)


def test_a_scenario_has_the_last_word() -> None:
    """It unloads what a client keeps, and a server that dies has nothing in memory."""
    steps = (Step(at=1, load=(a_load(),)), Step(at=20, unload=MODELS["a:1"].name), Step(at=30, server="down"))
    residents = Residents()
    for moment, step, state in happenings(Scenario("0.33.0", tuple(MODELS.values()), steps)):
        if moment == 20:
            asked(residents, 10, "a:1", keep_alive=KeepAlive.FOREVER)
            asked(residents, 11, "b:1")
        residents.happen(moment, step, state)
        if moment == 20:
            assert names(residents, 20) == ["b:1"]

    assert names(residents, 30) == []


@given(
    fit=st.sampled_from([None, 1, 2]),
    requests=st.lists(
        st.tuples(
            st.floats(0, 40),
            st.sampled_from(NAMES),
            st.sampled_from([2048, 4096]),
            st.one_of(st.none(), st.floats(0, 20)),
            st.floats(0.01, 5),
        ),
        max_size=12,
    ),
)
@example(
    fit=2,
    requests=[
        (0.0, "b:1", 2048, None, 0.25),
        (0.0, "c:1", 2048, None, 1.0),
        (0.0, "a:1", 2048, None, 1.0),
        (0.0, "a:1", 2048, None, 1.0),
        (0.0, "c:1", 2048, None, 1.0),
    ],
)
def test_whatever_clients_ask_each_model_is_there_once_and_no_more_than_fit(
    fit: int | None, requests: list[tuple[float, str, int, float | None, float]]
) -> None:
    """At every moment, and whoever is answered has its model in memory from the beginning to the end."""
    residents, now = Residents(fit), 0.0
    for pause, name, context, keep_alive, takes in requests:
        now += pause
        resident = asked(residents, now, name, context, keep_alive=keep_alive, takes=takes)
        for moment in (now, resident.started, resident.free_at, now + 1):
            listed = names(residents, moment)
            assert len(set(listed)) == len(listed) <= (fit or 3)
        middle = (resident.started + resident.free_at) / 2
        assert name in names(residents, middle)
