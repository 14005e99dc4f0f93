"""render: what the runners tell, as families."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from operator import attrgetter

from llama_metrics.collectors.runner import metrics
from llama_metrics.collectors.runner.reading import Counters, Reading, Runner, Slots
from llama_metrics.metrics import Family, Metric

_COUNTERS: tuple[tuple[Metric, Callable[[Counters], float | None]], ...] = (
    (metrics.PROMPT_TOKENS, lambda one: None if one.prompt is None or one.cached is None else one.prompt + one.cached),
    (metrics.PROMPT_CACHED_TOKENS, attrgetter("cached")),
    (metrics.GENERATED_TOKENS, attrgetter("generated")),
    (metrics.PROMPT_EVAL_SECONDS, attrgetter("prompt_seconds")),
    (metrics.EVAL_SECONDS, attrgetter("generating_seconds")),
)


def render(reading: Reading) -> Iterable[Family]:
    """Every family, by model; without samples where there is no runner."""
    in_order = sorted(reading.runners, key=attrgetter("model"))
    models = [(model, list(runners)) for model, runners in groupby(in_order, attrgetter("model"))]
    yield Family.of(metrics.STATE, [sample for model, runners in models for sample in _states(model, runners)])
    slots = {model: told for model, runners in models if (told := _slots(runners))}
    yield Family.of(metrics.SLOTS, [sample for model, told in slots.items() for sample in _busy_and_idle(model, told)])
    yield Family.of(metrics.CONTEXT_USED, [((model,), told.context_used) for model, told in slots.items()])
    # Of two that hold one model, the sum falls when one ends, and Prometheus would count the rest anew.
    alone = [(model, runners[0].counters) for model, runners in models if len(runners) == 1]
    for metric, value in _COUNTERS:
        yield Family.of(metric, [((model,), value(told)) for model, told in alone if told])


def _states(model: str, runners: Iterable[Runner]) -> Iterable[tuple[tuple[str, str], float]]:
    present = {runner.state for runner in runners}
    return [((model, state), state in present) for state in metrics.STATES]


def _busy_and_idle(model: str, slots: Slots) -> Iterable[tuple[tuple[str, str], float]]:
    return [((model, "busy"), slots.busy), ((model, "idle"), slots.idle)]


def _slots(runners: Iterable[Runner]) -> Slots | None:
    """The sums; None where one does not tell its slots. One that is loading has none yet."""
    told = [runner.slots for runner in runners if runner.state != metrics.LOADING]
    known = [slots for slots in told if slots]
    if not known or len(known) < len(told):
        return None
    used = [slots.context_used for slots in known if slots.context_used is not None]
    return Slots(
        sum(slots.busy for slots in known),
        sum(slots.idle for slots in known),
        sum(used) if len(used) == len(known) else None,
    )
