"""What has to be there for an expression to give anything at all: series, all of several, or one of several."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Matcher:
    """A matcher of the label `collector`."""

    operator: str
    value: str

    def takes(self, name: str) -> bool:
        """Whether it lets this collector through."""
        if self.operator in ("=", "!="):
            found = name == self.value
        else:
            try:
                found = re.fullmatch(self.value, name) is not None
            except re.error:
                # Prometheus' own dialect; what Python cannot read keeps nobody out.
                return True
        return found == (self.operator in ("=", "=~"))


@dataclass(frozen=True, slots=True)
class Series:
    """Series of a name. Matchers other than of `collector` do not count: they choose among values of one source."""

    name: str
    collector: tuple[Matcher, ...] = ()

    def takes(self, collector: str) -> bool:
        """Whether series of this collector are among them."""
        return all(matcher.takes(collector) for matcher in self.collector)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Each of these; where there are none, nothing is needed."""

    parts: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these is enough; where there are none, nothing is."""

    parts: tuple[Need, ...]


Need = Series | AllOf | AnyOf
ALWAYS = AllOf(())
NEVER = AnyOf(())


def all_of(needs: Iterable[Need]) -> Need:
    """Each of them, without repetition; one alone stands for itself."""
    parts = dict.fromkeys(part for need in needs for part in (need.parts if isinstance(need, AllOf) else (need,)))
    return next(iter(parts)) if len(parts) == 1 else AllOf(tuple(parts))


def any_of(needs: Iterable[Need]) -> Need:
    """One of them. A threshold that may be overridden, `max(x) or vector(5)`, needs nothing."""
    parts = dict.fromkeys(part for need in needs for part in (need.parts if isinstance(need, AnyOf) else (need,)))
    if ALWAYS in parts:
        return ALWAYS
    return next(iter(parts)) if len(parts) == 1 else AnyOf(tuple(parts))


def series(need: Need) -> Iterator[Series]:
    """Every series in it."""
    if isinstance(need, Series):
        yield need
    else:
        for part in need.parts:
            yield from series(part)
