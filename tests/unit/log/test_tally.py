"""What the tally makes of events whose order or company is unusual: collisions, deaths, debug, first appearances."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from llama_metrics.collectors.log import events
from llama_metrics.collectors.log.events import Event
from llama_metrics.collectors.log.tally import Tally
from llama_metrics.ollama.names import UNKNOWN
from tests.unit.log.recorded import counts, families, total

NOTHING = events.Configured("info", None, None, None, None, None, None, "", "", "")


def blob(name: str) -> str:
    """The blob of a model's weights."""
    return "sha256-" + name.encode().hex().ljust(64, "0")


def load(name: str, count: int, *, slots: int = 1, context: int = 4096, embeds: bool = False) -> list[Event]:
    """The load of a model after which `count` runners are alive."""
    return [
        events.RunnerStarting("info", None, blob(name), timed=not embeds, upstream=True),
        events.SlotsReady(slots, context),
        events.RunnerStarted("info", None, 0.25),
        events.ModelNamed("info", None, f"{name}:latest"),
        events.RunnersLoaded("info", None, count),
        events.RunnerStarted("info", None, 0.25),
    ]


def begin(task: int, tokens: int, *, slot: int = 0, context: int = 4096) -> Event:
    """A task begins."""
    return events.Prompt(slot, task, context, tokens)


def end(task: int, evaluated: int, generated: int, *, slot: int = 0) -> list[Event]:
    """A generation ends."""
    return [
        events.PromptEvaluated(slot, task, 0.5, evaluated),
        events.Generated(slot, task, 1.0, generated),
        events.Released(slot, task),
    ]


def tally(*parts: Event | Sequence[Event]) -> Tally:
    """A tally that has seen a server start and then these events."""
    made = Tally()
    made.feed([NOTHING])
    for part in parts:
        made.feed([part] if isinstance(part, Event) else part)
    return made


def tokens(of: Tally, name: str = "prompt") -> dict[str, float]:
    """Model -> tokens."""
    return {model: count for (model,), count in counts(of, f"ollama_{name}_tokens_total").items()}


def test_one_runner_alive_is_certain() -> None:
    """Its tasks are its own."""
    assert tokens(tally(load("a", 1), begin(0, 10), end(0, 10, 5))) == {"a:latest": 10}


def test_two_runners_of_one_context_are_unknown() -> None:
    """A task that either can have begun is nobody's, and the sum is right."""
    seen = tally(load("a", 1), load("b", 2), begin(5, 10), end(5, 8, 5))

    assert tokens(seen) == {UNKNOWN: 10}
    assert tokens(seen, "generated") == {UNKNOWN: 5}


def test_the_context_tells_runners_apart() -> None:
    """A slot's context is that of one of them."""
    seen = tally(load("a", 1), load("b", 2, context=2048), begin(5, 10, context=2048), end(5, 8, 5))

    assert tokens(seen) == {"b:latest": 10}


def test_a_task_number_that_was_passed_tells_runners_apart() -> None:
    """A runner with one slot never goes back to a lower number."""
    seen = tally(load("a", 1), begin(7, 1), end(7, 1, 1), load("b", 2), begin(0, 10), end(0, 10, 5))

    assert tokens(seen) == {"a:latest": 1, "b:latest": 10}


def test_with_several_slots_the_numbers_may_come_in_another_order() -> None:
    """A slightly lower number rules nobody out there."""
    seen = tally(load("a", 1, slots=4), begin(7, 1), end(7, 1, 1), load("b", 2, slots=4), begin(5, 10), end(5, 10, 5))

    assert tokens(seen) == {"a:latest": 1, UNKNOWN: 10}


def test_one_generating_runner_beside_an_embedding_one_is_certain() -> None:
    """Who prints a cost generates; what ends without one was embedded."""
    alive = [*load("gen", 1), *load("embed", 2, embeds=True)]
    seen = tally(alive, begin(5, 10), end(5, 10, 5), begin(9, 7), events.Released(0, 9))

    assert tokens(seen) == {"gen:latest": 10, "embed:latest": 7}
    assert tokens(seen, "generated") == {"gen:latest": 5}


def test_debug_names_the_runner() -> None:
    """A runner without requests begins no task."""
    used = [events.RunnerInUse("debug", None, blob("a"), 0), events.RunnerInUse("debug", None, blob("b"), 0)]
    begins = events.RequestBegins("debug", None, blob("b"))
    seen = tally(load("a", 1), load("b", 2), used, begins, begin(5, 10), end(5, 10, 5))

    assert tokens(seen) == {"b:latest": 10}


def test_a_runner_whose_load_was_not_seen_makes_all_unknown() -> None:
    """Two are alive, and only one load is known: nothing is certain."""
    seen = Tally()
    seen.feed([*load("b", 2), begin(0, 10), *end(0, 10, 5)])

    assert tokens(seen) == {UNKNOWN: 10}


def test_tasks_that_share_slot_and_number_keep_their_sums() -> None:
    """Two runners are at slot 0, task 5: costs go to the task that had so many tokens to evaluate."""
    alive = [*load("a", 1), *load("b", 2, context=2048)]
    both = [begin(5, 10), begin(5, 300, context=2048)]
    seen = tally(alive, both, end(5, 290, 20), end(5, 9, 2))

    assert tokens(seen) == {"a:latest": 10, "b:latest": 300}
    assert tokens(seen, "prompt_cached") == {"a:latest": 1, "b:latest": 10}
    assert tokens(seen, "generated") == {"a:latest": 2, "b:latest": 20}


def test_a_cancelled_task_is_not_counted() -> None:
    """Neither its prompt nor what it generated."""
    cancel = [begin(5, 10), events.Abandoned(5, refused=False), events.Released(0, 5)]

    assert tokens(tally(load("a", 1), cancel)) == {}


def test_a_refused_task_is_cancelled_once() -> None:
    """Its second word comes late and does not hit the task of another runner."""
    refused = [begin(5, 900), events.Abandoned(5, refused=True), events.Released(0, 5)]
    late = [begin(5, 10, context=2048), events.Abandoned(5, refused=False), *end(5, 10, 1)]

    assert tokens(tally(load("a", 1), load("b", 2, context=2048), refused, late)) == {"b:latest": 10}


def test_a_runner_that_is_gone_answered_its_last_prompt() -> None:
    """It was stopped before it could print the cost: the prompt counts, what it generated is not known."""
    seen = tally(load("a", 1), begin(0, 11), load("b", 1))

    assert tokens(seen) == {"a:latest": 11}
    assert tokens(seen, "generated") == {}


def test_a_runner_that_died_answered_nothing() -> None:
    """Found dead by the next request: the prompt it was at does not count."""
    dead = events.RunnerGone("warn", 100.0, "no longer running")
    seen = tally(load("a", 1), begin(0, 11), dead, dead, load("a", 1))

    assert tokens(seen) == {}
    assert total(seen, "ollama_runner_crashes_total") == 1


@pytest.mark.parametrize(("second", "crashes"), [(100.2, 1), (102.0, 2), (None, 1), (90.0, 2)])
def test_a_death_is_printed_twice(second: float | None, crashes: int) -> None:
    """Equal lines within a second are one; a clock that jumps makes them two at worst."""
    lines = [events.RunnerGone("warn", when, "no longer running") for when in (100.0, second)]

    assert total(tally(lines), "ollama_runner_crashes_total") == crashes


def test_a_server_start_ends_everything() -> None:
    """What the server before was at is cut off and not counted; there are no runners."""
    seen = tally(load("a", 1), begin(0, 11), NOTHING, load("b", 1), begin(0, 3), end(0, 3, 1))

    assert tokens(seen) == {"b:latest": 3}
    assert total(seen, "ollama_model_unloads_observed_total") == 0


@pytest.mark.parametrize(
    ("codes", "cancelled"),
    [
        (["500"], {"500": 1}),
        (["200", "500"], {"500": 1}),
        (["200"] * 8, {"unknown": 1}),
        (["200"] * 7, {}),
        (["499"], {"499": 1}),
    ],
)
def test_a_client_that_left_has_the_code_of_its_answer(codes: list[str], cancelled: dict[str, int]) -> None:
    """The next 500 is its own; after many other answers it is not known which."""
    left = events.ClientLeft("info", None)
    answers: list[Event] = [events.Answered("POST", "/api/chat", code, 1.0, polled=False) for code in codes]
    seen = tally(left, answers)

    found = {code: count for (code,), count in counts(seen, "ollama_requests_cancelled_total").items()}
    assert found == cancelled


def test_out_of_memory_counts_once_a_load() -> None:
    """A load that runs out of memory says so in many words, and the next one again."""
    failing = [
        events.RunnerStarting("info", None, blob("a"), timed=True, upstream=True),
        events.OutOfMemory(),
        events.OutOfMemory(),
        events.LoadFailed("info", None, cancelled=False, memory=True),
    ]
    seen = tally(failing, failing)

    assert total(seen, "ollama_out_of_memory_total") == 2
    assert total(seen, "ollama_model_load_failures_total") == 2


def test_a_load_that_its_client_left_is_no_failure() -> None:
    """`context canceled` is the client's doing."""
    seen = tally(events.LoadFailed("info", None, cancelled=True, memory=False))

    assert total(seen, "ollama_model_load_failures_total") == 0


def test_a_load_whose_time_comes_behind_its_end_is_timed_once() -> None:
    """Go-engine models are loaded first and started then; the time is printed twice all the same."""
    started = events.RunnerStarted("info", None, 3.0)
    starting, loaded = load("a", 1)[0], load("a", 1)[4]
    seen = tally(starting, loaded, started, started)
    times = families(seen)["ollama_model_load_duration_seconds"].samples

    assert [(labels, distribution.sum) for labels, distribution in times] == [((blob("a"),), 3.0)]  # type: ignore[union-attr]


def test_what_can_count_is_there_from_the_start() -> None:
    """Every counter without labels, each level and code, the inference routes, and installed models' loads are 0."""
    seen = tally()
    seen.exist(["a:latest"], prints_costs=True)
    shown = {name: dict(family.samples) for name, family in families(seen).items()}

    assert shown["ollama_model_loads_total"] == {("a:latest",): 0}
    assert shown["ollama_http_requests_total"][("POST", "/v1/messages", "503")] == 0
    assert shown["ollama_requests_total"] == {(UNKNOWN,): 0}
    assert {level for (level,) in shown["ollama_log_messages_total"]} == {"debug", "info", "warn", "error"}
    for name in ("context_shifts", "prompt_truncations", "runner_crashes", "queue_rejections", "out_of_memory",
                 "model_evictions", "model_unloads_observed", "model_load_failures"):  # fmt: skip
        assert shown[f"ollama_{name}_total"] == {(): 0}


def test_a_models_counters_are_there_when_it_is_first_loaded() -> None:
    """Before its first request ends."""
    seen = tally(load("a", 1))
    seen.exist([], prints_costs=None)

    assert dict(families(seen)["ollama_generated_tokens_total"].samples) == {(UNKNOWN,): 0, ("a:latest",): 0}


@pytest.mark.parametrize(
    ("version", "api", "there"),
    [
        ("0.24.0", True, False),
        ("0.33.0-rc2", False, True),
        ("0.0.0", True, True),
        ("0.0.0", None, False),
        ("1.0.0", None, True),
    ],
)
def test_the_era_is_the_logs_word_or_else_the_apis(version: str, api: bool | None, there: bool) -> None:
    """Token families exist where this Ollama's runners print costs."""
    seen = tally(events.Listening("info", None, version))
    seen.exist([], prints_costs=api)

    assert ("ollama_requests_total" in families(seen)) is there


def test_a_name_given_later_keeps_what_was_counted() -> None:
    """Series of a blob become the model's, added to those it has; histograms too."""
    seen = tally(load("a", 1), begin(0, 10), end(0, 10, 5))
    unnamed = [event for event in load("a", 1) if not isinstance(event, events.ModelNamed)]
    seen.feed([*unnamed, begin(0, 10), *end(0, 10, 5)])
    assert tokens(seen) == {"a:latest": 10, blob("a"): 10}
    seen.rename({blob("a"): "a:latest"})

    assert tokens(seen) == {"a:latest": 20}
    ((labels, times),) = families(seen)["ollama_request_prompt_eval_duration_seconds"].samples
    assert labels == ("a:latest",)
    assert (sum(times.counts), times.sum) == (2, 1.0)  # type: ignore[union-attr]
