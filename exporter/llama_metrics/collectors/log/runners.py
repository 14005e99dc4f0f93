"""Which runners may be alive, and whose a line can be.

Lines of a runner carry no name. A load names its model and says how many runners there are then; an unload says
nothing. So this is the set of those that may be alive, never smaller than the truth, and a line belongs to a runner
only where every other one is ruled out. A guess would be worse than `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass

from llama_metrics.collectors.log import events
from llama_metrics.ollama.names import UNKNOWN

# With several slots, tasks may begin in another order than that of their numbers, by as much as wait at once.
_DISORDER = 64


@dataclass(slots=True, eq=False)
class Runner:
    """One process with a model.

    Attributes:
        blob: what it was started with; None for a runner whose start was not seen.
        model: whose counters its lines feed: a name, or the blob until there is one.
        timed: whether it prints what its requests cost.
        upstream: whether it is llama-server; another one prints no line that is counted.
        slots, context: as it says itself; None where it did not.
        latest: the highest task that was certainly its own.
        requests: requests that it has, where OLLAMA_DEBUG tells; else None.
        layers: layers on a GPU and layers, where it said so.

    """

    blob: str | None
    model: str
    timed: bool = True
    upstream: bool = True
    slots: int | None = None
    context: int | None = None
    latest: int = -1
    requests: int | None = None
    layers: tuple[int, int] | None = None


class Roster:
    """The runners of one server. Nothing is certain until a server start or a load says how many there are."""

    def __init__(self) -> None:
        self.alive: list[Runner] = []
        self.loading: Runner | None = None
        self._count: int | None = None

    def restart(self) -> None:
        """A server begins: there are none."""
        self.alive, self.loading, self._count = [], None, 0

    def start(self, started: events.RunnerStarting) -> None:
        """A load begins; one that began before has failed."""
        self.loading = Runner(
            started.model if started.model.startswith("sha256-") else None,
            started.model,
            timed=started.timed,
            upstream=started.upstream,
        )

    def loaded(self, count: int) -> tuple[Runner, int]:
        """A load is done and `count` runners are alive: the new one, and how many went since the load before."""
        new = self.loading or Runner(None, UNKNOWN)
        # A model has one runner, so a new one of the same weights replaces the old.
        others = [one for one in self.alive if one.blob is None or one.blob != new.blob] if count > 1 else []
        gone = 0 if self._count is None else max(0, self._count + 1 - count)
        self.alive, self.loading, self._count = [*others, new], None, count
        return new, gone

    def find(self, blob: str) -> Runner | None:
        """The runner of these weights."""
        return next((one for one in self.alive if one.blob == blob), None)

    def candidates(self, task: int, context: int) -> tuple[Runner, ...]:
        """Whose new task this can be; none where a runner may be alive whose load was not seen."""
        if self._count is None or self._count > len(self.alive):
            return ()
        found = tuple(one for one in self.alive if _can_begin(one, task, context))
        if len(found) == 1:
            found[0].latest = max(found[0].latest, task)
        return found


def owner(candidates: tuple[Runner, ...], *, timed: bool) -> str:
    """The model of the one candidate that is left, looking at whether the task's cost was printed."""
    left = [one for one in candidates if one.timed == timed] or candidates
    return left[0].model if len(left) == 1 else UNKNOWN


def _can_begin(runner: Runner, task: int, context: int) -> bool:
    if not runner.upstream or runner.requests == 0 or runner.context not in (None, context):
        return False
    # The numbers of a runner's tasks only rise.
    return task > runner.latest - (0 if runner.slots == 1 else _DISORDER)
