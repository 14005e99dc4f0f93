"""Whether something can work, and what is in its way: the arithmetic of "all of" and "one of"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from itertools import product


class Level(IntEnum):
    """From what nobody can change to what is well."""

    FOREIGN = 0
    CANNOT = 1
    WAITS = 2
    WORKS = 3


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """Why series are absent: what is so, and what to do; empty where nothing is to be done."""

    level: Level
    sentence: str
    todo: str = ""


# One of the causes in it has to be mended.
Lack = frozenset[Cause]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it stands, and what it lacks, each of which has to be mended."""

    level: Level
    lacks: frozenset[Lack] = frozenset()


WORKS = Verdict(Level.WORKS)
# One of no causes would have to be mended.
_NOTHING_HELPS = frozenset({Lack()})


def because(cause: Cause) -> Verdict:
    """The verdict on what is absent for this one cause."""
    return Verdict(cause.level, frozenset({frozenset({cause})}))


def every(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them counts: while nothing can be done about one, mending another helps nobody."""
    found = list(verdicts)
    level = min((verdict.level for verdict in found), default=Level.WORKS)
    return Verdict(level, frozenset().union(*(one.lacks for one in found if one.level == level)))


def either(verdicts: Iterable[Verdict]) -> Verdict:
    """The best of them counts; of several that are alike, mending one is enough."""
    found = list(verdicts)
    level = max((verdict.level for verdict in found), default=Level.FOREIGN)
    best = [one.lacks for one in found if one.level == level]
    return Verdict(level, reduce(_one_of, best, _NOTHING_HELPS) if level < Level.WORKS else frozenset())


def _one_of(some: frozenset[Lack], others: frozenset[Lack]) -> frozenset[Lack]:
    """What is lacking where mending all of some would do, or all of others; without what follows from the rest."""
    both = {one | other for one, other in product(some, others)}
    return frozenset(one for one in both if not any(less < one for less in both))
