"""parse: what NVML said, in base units. What cannot be true is dropped and counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llama_metrics.collectors.nvidia.nvml import Card
from llama_metrics.collectors.nvidia.reasons import active
from llama_metrics.system.cards import HOTTEST, LARGEST_MEMORY, MOST_WATTS, Judge

# A kilowatt for three hundred years.
_MOST_JOULES = 1e13


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU; None where a value is not known. `throttled` is in the order of REASONS, `models` are name and bytes."""

    uuid: str
    name: str
    utilization: float | None
    memory_used: int | None
    memory_total: int | None
    power: float | None
    power_limit: float | None
    temperature: int | None
    energy: float | None
    throttled: tuple[bool, ...] | None
    models: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The GPUs that answered, and how many values of theirs were dropped."""

    gpus: tuple[Gpu, ...]
    rejected: int


def parse(cards: Iterable[Card], models: Mapping[int, str]) -> Reading:
    """The cards by UUID, each once. `models` are the names of the models whose runners have these pids."""
    judge, gpus = Judge(), dict[str, Gpu]()
    for card in cards:
        if card.uuid in gpus:
            judge.rejected += 1
        else:
            gpus[card.uuid] = _gpu(card, models, judge)
    return Reading(tuple(gpus.values()), judge.rejected)


def _gpu(card: Card, models: Mapping[int, str], judge: Judge) -> Gpu:
    total = judge.within(card.memory_total, 1, LARGEST_MEMORY)
    room = LARGEST_MEMORY if total is None else total
    percent = judge.within(card.utilization, 0, 100)
    return Gpu(
        uuid=card.uuid,
        name=card.name,
        utilization=None if percent is None else percent / 100,
        memory_used=judge.within(card.memory_used, 0, room),
        memory_total=total,
        # A card that answers draws something.
        power=_thousandths(judge.within(card.power, 1, MOST_WATTS * 1e3)),
        power_limit=_thousandths(judge.within(card.power_limit, 1, MOST_WATTS * 1e3)),
        temperature=judge.within(card.temperature, 0, HOTTEST),
        energy=_thousandths(judge.within(card.energy, 0, _MOST_JOULES * 1e3)),
        throttled=None if card.reasons is None else active(card.reasons),
        models=_by_model(card, models, room, judge),
    )


def _thousandths(value: int | None) -> float | None:
    return None if value is None else value / 1000


def _by_model(card: Card, models: Mapping[int, str], room: int, judge: Judge) -> tuple[tuple[str, int], ...]:
    """The memory of each model's runners together. A model of which one runner's part is not known is left out.

    With MIG a process is told once for each instance that it uses; those are parts, and add up.
    """
    sums: dict[str, int] = {}
    unknown: set[str] = set()
    for pid, size in card.processes:
        if pid in models:
            known = judge.within(size, 0, room)
            if known is None:
                unknown.add(models[pid])
            sums[models[pid]] = sums.get(models[pid], 0) + (known or 0)
    return tuple((model, size) for model, size in sums.items() if model not in unknown)
