"""parse: what the driver's files said, in base units. What cannot be true is dropped and counted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from llama_metrics.collectors.amd.sysfs import Files
from llama_metrics.system.cards import HOTTEST, LARGEST_MEMORY, MOST_WATTS, Judge

_NUMBER = re.compile(r"-?[0-9]{1,20}")
_LONGEST_NAME = 128


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU; None where a value is not known."""

    address: str
    name: str
    utilization: float | None
    memory_used: int | None
    memory_total: int | None
    power: float | None
    temperature: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """The GPUs, and how many values of theirs were dropped."""

    gpus: tuple[Gpu, ...]
    rejected: int


class _Texts(Judge):
    """Judges numbers as the files write them."""

    def number(self, text: str | None, lowest: int, highest: int) -> int | None:
        """What is no number cannot be true either."""
        if text is not None and not _NUMBER.fullmatch(text.strip()):
            self.rejected += 1
            return None
        return self.within(None if text is None else int(text), lowest, highest)


def parse(cards: Iterable[Files]) -> Reading:
    """The GPUs, in their order."""
    judge = _Texts()
    return Reading(tuple(_gpu(card, judge) for card in cards), judge.rejected)


def _gpu(card: Files, judge: _Texts) -> Gpu:
    total = judge.number(card.memory_total, 1, LARGEST_MEMORY)
    percent = judge.number(card.busy, 0, 100)
    # A card that is awake draws something.
    microwatts = judge.number(card.power, 1, MOST_WATTS * 10**6)
    millidegrees = judge.number(card.temperature, 0, HOTTEST * 1000)
    return Gpu(
        address=card.address,
        name=(card.name or "").strip()[:_LONGEST_NAME],
        utilization=None if percent is None else percent / 100,
        memory_used=judge.number(card.memory_used, 0, LARGEST_MEMORY if total is None else total),
        memory_total=total,
        power=None if microwatts is None else microwatts / 1e6,
        temperature=None if millidegrees is None else millidegrees / 1000,
    )
