"""What the runners tell, as series: of one, of two that hold one model, of none."""

from __future__ import annotations

from llama_metrics.collectors.runner import metrics
from llama_metrics.collectors.runner.metrics import LOADING, NO_SLOTS, OTHER, READY, SILENT
from llama_metrics.collectors.runner.reading import Counters, Reading, Runner, Slots
from llama_metrics.collectors.runner.render import render
from llama_metrics.metrics import Metric

COUNTERS = Counters(prompt=36.0, cached=1.0, generated=4.0, prompt_seconds=1.5, generating_seconds=0.25)
_TOTALS = (
    *(metrics.PROMPT_TOKENS, metrics.PROMPT_CACHED_TOKENS, metrics.GENERATED_TOKENS),
    *(metrics.PROMPT_EVAL_SECONDS, metrics.EVAL_SECONDS),
)


def samples(metric: Metric, *runners: Runner) -> dict[tuple[str, ...], float]:
    """The samples of one family."""
    (family,) = (family for family in render(Reading(runners)) if family.metric == metric)
    return dict(family.samples)


def ready(model: str, slots: Slots, counters: Counters | None = None) -> Runner:
    """One that tells its slots."""
    return Runner(model, READY, slots, counters)


def test_every_state_of_a_model_is_a_series() -> None:
    """1 for each that a runner of it is in, and 0 for the others, so that a change of state is no gap."""
    told = samples(metrics.STATE, Runner("b:1", SILENT), Runner("a:1", LOADING), Runner("b:1", OTHER))

    assert len(told) == 2 * len(metrics.STATES)
    assert {labels for labels, value in told.items() if value} == {("a:1", LOADING), ("b:1", SILENT), ("b:1", OTHER)}


def test_without_runners_there_are_families_without_samples() -> None:
    """Which is no failure: nothing is loaded."""
    families = list(render(Reading(())))

    assert tuple(family.metric for family in families) == metrics.METRICS
    assert not any(family.samples for family in families)


def test_slots_of_two_runners_of_a_model_are_summed() -> None:
    """And so are the tokens in their contexts."""
    two = ready("a:1", Slots(1, 3, 100)), ready("a:1", Slots(0, 2, 0))

    assert samples(metrics.SLOTS, *two) == {("a:1", "busy"): 1, ("a:1", "idle"): 5}
    assert samples(metrics.CONTEXT_USED, *two) == {("a:1",): 100}


def test_one_that_is_loading_has_no_slots_yet() -> None:
    """The other's are all that there are; alone, it has no series of them."""
    assert samples(metrics.SLOTS, ready("a:1", Slots(1, 3, 100)), Runner("a:1", LOADING)) == {
        ("a:1", "busy"): 1,
        ("a:1", "idle"): 3,
    }
    assert samples(metrics.SLOTS, Runner("a:1", LOADING)) == {}


def test_a_part_of_a_sum_is_no_sum() -> None:
    """Where one of two does not tell, nothing is told of their model; other models are not concerned."""
    for state in (SILENT, NO_SLOTS, OTHER):
        runners = ready("a:1", Slots(1, 3, 100)), Runner("a:1", state), ready("b:1", Slots(0, 1, 0))
        assert samples(metrics.SLOTS, *runners) == {("b:1", "busy"): 0, ("b:1", "idle"): 1}
        assert samples(metrics.CONTEXT_USED, *runners) == {("b:1",): 0}
    unknown = ready("a:1", Slots(1, 3, 100)), ready("a:1", Slots(1, 0, None))
    assert samples(metrics.CONTEXT_USED, *unknown) == {}
    assert samples(metrics.SLOTS, *unknown) == {("a:1", "busy"): 2, ("a:1", "idle"): 3}


def test_prompt_tokens_are_the_whole_prompt() -> None:
    """Evaluated and cached, as in the log's counters; the others as they are."""
    told = [samples(metric, ready("a:1", Slots(0, 1, 0), COUNTERS)) for metric in _TOTALS]

    assert told == [{("a:1",): value} for value in (37.0, 1.0, 4.0, 1.5, 0.25)]


def test_without_the_cached_tokens_the_prompts_are_not_known() -> None:
    """The evaluated ones alone would be another number than the log's."""
    old = Counters(prompt=36.0, cached=None, generated=4.0, prompt_seconds=1.5, generating_seconds=0.25)
    told = [samples(metric, ready("a:1", Slots(0, 1, 0), old)) for metric in _TOTALS]

    assert told == [{}, {}, {("a:1",): 4.0}, {("a:1",): 1.5}, {("a:1",): 0.25}]


def test_counters_of_two_runners_of_a_model_are_absent() -> None:
    """Their sum would fall when one ends, and Prometheus would count the rest of it anew."""
    two = ready("a:1", Slots(0, 1, 0), COUNTERS), Runner("a:1", LOADING)
    alone = ready("b:1", Slots(0, 1, 0), COUNTERS)

    assert all(set(samples(metric, *two, alone)) == {("b:1",)} for metric in _TOTALS)
