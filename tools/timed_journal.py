"""Which notifications came when, by one clock, and what they say of each alert."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tools.notices import Notice

Key = tuple[str, str]
"""An alert's name and its host."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An alert of a notification, and when that came, by the monotonic clock."""

    at: float
    status: str
    key: Key
    fingerprint: str
    message: int


class Journal:
    """Writes down what an Inbox delivers, on any thread."""

    def __init__(self) -> None:
        self._arrivals: list[Arrival] = []
        self._news = threading.Condition()

    def deliver(self, notice: Notice) -> None:
        """One more."""
        with self._news:
            key, fingerprint = (notice.name, notice.instance), notice.episode[0]
            self._arrivals.append(Arrival(time.monotonic(), notice.status, key, fingerprint, notice.message))
            self._news.notify_all()

    def arrivals(self) -> list[Arrival]:
        """All so far, in their order."""
        with self._news:
            return list(self._arrivals)

    def wait(self, keys: Collection[Key], status: str, until: float) -> bool:
        """Waits for the last of these alerts to be told so; False where that does not come until then."""
        with self._news:
            return self._news.wait_for(
                lambda: {one.key for one in self._arrivals if one.status == status} >= set(keys),
                timeout=max(0.0, until - time.monotonic()),
            )


def turns(arrivals: Iterable[Arrival], key: Key) -> list[Arrival]:
    """What was new about one alert: it fires, it is resolved. What a message repeats is left out."""
    changes: list[Arrival] = []
    for one in arrivals:
        if one.key == key and (not changes or changes[-1].status != one.status):
            changes.append(one)
    return changes


def repeats(arrivals: Iterable[Arrival]) -> list[tuple[Key, ...]]:
    """What messages were about that told nothing new of any alert: each is one too many."""
    messages: dict[int, list[Arrival]] = {}
    for one in arrivals:
        messages.setdefault(one.message, []).append(one)
    known: dict[str, str] = {}
    stale = []
    for alerts in messages.values():
        told = {one.fingerprint: one.status for one in alerts}
        if told.items() <= known.items():
            stale.append(tuple(one.key for one in alerts))
        known |= told
    return stale


def together(arrivals: Iterable[Arrival], keys: Iterable[Key]) -> bool:
    """Whether one message said of all of these that they fire."""
    firing: dict[int, set[Key]] = {}
    for one in arrivals:
        if one.status == "firing":
            firing.setdefault(one.message, set()).add(one.key)
    return any(told >= set(keys) for told in firing.values())
