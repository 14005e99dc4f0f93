"""The models in memory: what a scenario says, changed by what clients ask. Without a clock: moments only go forward.

A scenario alone says when its models come and go. A client's request moves the end of its model, loads a model anew
whose context is another one, and makes another one go where no more fit. As in Ollama, that is one without a request
before any other; of several the one with the shortest keep_alive, and then the first in the order of their files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from llama_metrics.simulate.loads import CONTEXT, Loaded, blob
from llama_metrics.simulate.scenario import Step
from llama_metrics.simulate.state import Loaded as Told
from llama_metrics.simulate.state import State

# OLLAMA_KEEP_ALIVE
_KEEP_ALIVE = 300.0


@dataclass(frozen=True, slots=True)
class Resident:
    """A model in memory, with its runner. Moments are in seconds from the start of the scenario.

    Attributes:
        loaded: the model as its runner has it.
        told_context: what /api/ps says of its context; 0 where it does not know.
        since, gone_at: from when to when /api/ps lists it, if it does not expire before.
        started: when its runner is ready, which is another one after a crash.
        free_at: when its slot is free.
        keep_alive: how long it stays after a request.
        expires_at: when it goes, unless a request keeps it.
        held_until: when the last client's request ends.
        held_expiry: what is told of its end until then; None while it has not served any request before.
        busy: whether a request without end keeps it.
        next_task: the number of its runner's next task.

    """

    loaded: Loaded
    told_context: int
    since: float
    started: float
    free_at: float
    keep_alive: float
    expires_at: float
    held_until: float = -math.inf
    held_expiry: float | None = None
    busy: bool = False
    gone_at: float = math.inf
    next_task: int = 0

    @property
    def name(self) -> str:
        """Its model's."""
        return self.loaded.model.name

    def stays(self, now: float) -> bool:
        """Whether it is in memory then, or on its way there."""
        return now < self.gone_at and (self.busy or now < max(self.expires_at, self.held_until))

    def told(self, now: float) -> Told:
        """What /api/ps says of it then: its end moves while its first request is under way, and stands in a later."""
        ends = self.expires_at
        if now < self.held_until:
            ends = now + self.keep_alive if self.held_expiry is None else self.held_expiry
        memory, vram = self.loaded.memory, self.loaded.vram
        return Told(self.loaded.model, memory, vram, self.told_context, ends, self.busy)


class Residents:
    """All that is in memory, in the order in which it came; `fit` is how many models do, None for any number.

    `reloads` is how often a client's request had a model loaded anew for its options, `evictions` how often one made
    another model go.
    """

    def __init__(self, fit: int | None = None) -> None:
        self._fit = fit
        self._all: list[Resident] = []
        # When the last load for a client is done.
        self._loaded_at = -math.inf
        self.reloads = self.evictions = 0

    def at(self, now: float) -> tuple[Resident, ...]:
        """Those that have a runner then, be it one that still loads."""
        return tuple(one for one in self._all if one.stays(now))

    def state(self, state: State, now: float) -> State:
        """What is true then, with these models in memory."""
        return replace(state, loaded=tuple(one.told(now) for one in self.at(now) if one.since <= now))

    def find(self, name: str, now: float) -> Resident | None:
        """The model's own, unless it is about to go."""
        return next((one for one in self.at(now) if one.name == name and one.gone_at == math.inf), None)

    def happen(self, now: float, step: Step | None, state: State) -> None:
        """What a step of the scenario does; `state` is the one after it. None begins it anew."""
        if step is None or step.server:
            self._all, self._loaded_at = [], -math.inf
            return
        gone = {step.unload, step.delete, *(load.model for load in step.load)}
        self._all = [one for one in self.at(now) if one.name not in gone]
        for load in step.load:
            self._make_room(self._in_the_way(now), now)
            told = next(one for one in state.loaded if one.model.name == load.model)
            self._all.append(_loaded(told, now, load.keep_alive))

    def bring(self, now: float, wanted: Loaded) -> Resident | None:
        """The model with that context for a client, loaded if need be: `started` says when it is ready.

        None where that never comes, because another request has no end.
        """
        here = self.find(wanted.model.name, now)
        if here and here.loaded.context == wanted.context:
            return here if here.free_at < math.inf else None
        goes = here or self._in_the_way(now)
        begin = self._make_room(goes, now)
        if begin == math.inf:
            return None
        if here:
            wanted = replace(here.loaded, context=wanted.context)
        self.reloads += bool(here)
        self.evictions += bool(goes and not here)
        # One load at a time, and none beside an old runner of the model that still has to go.
        leaving = [one.gone_at for one in self.at(now) if one.name == wanted.model.name]
        ready = self._loaded_at = max(begin, self._loaded_at, *leaving) + wanted.seconds
        new = Resident(
            wanted,
            told_context=wanted.context,
            since=ready,
            started=ready,
            free_at=ready,
            keep_alive=_KEEP_ALIVE,
            expires_at=ready + _KEEP_ALIVE,
            held_until=ready,
        )
        self._all = [*self.at(now), new]
        return new

    def hold(self, resident: Resident, now: float, end: float, keep_alive: float | None) -> Resident:
        """A client's request that came `now` ends at `end`; `keep_alive` is the one that it sends, from then on so."""
        stays = resident.keep_alive if keep_alive is None else keep_alive
        # Of requests side by side, the last one to end counts.
        last = max(end, resident.held_until)
        shown = resident.held_expiry if now < resident.held_until else resident.expires_at
        changes = {"keep_alive": stays, "held_until": last, "held_expiry": shown, "expires_at": last + stays}
        return self._change(resident, **changes)

    def take(self, resident: Resident, until: float, next_task: int) -> Resident:
        """Its slot is taken."""
        return self._change(resident, free_at=until, next_task=next_task)

    def restart(self, resident: Resident, started: float) -> Resident:
        """It gets another runner, whose tasks begin at 0."""
        return self._change(resident, started=started, free_at=started, next_task=0)

    def unload(self, resident: Resident, at: float) -> None:
        """It goes."""
        self._change(resident, gone_at=at)

    def count(self, now: float) -> int:
        """How many runners the log says there are when one is ready then."""
        return sum(one.since <= now for one in self.at(now))

    def _in_the_way(self, now: float) -> Resident | None:
        """Which one must go for one more to fit."""
        staying = [one for one in self.at(now) if one.gone_at == math.inf]
        if self._fit is None or len(staying) < self._fit:
            return None
        return min(staying, key=lambda one: (one.free_at > now, one.keep_alive, blob(one.name)))

    def _make_room(self, goes: Resident | None, now: float) -> float:
        """When that one is gone: it ends what it is at. Never, where that has no end."""
        begin = max(now, goes.free_at) if goes else now
        if goes and begin < math.inf:
            self._change(goes, gone_at=begin)
        return begin

    def _change(self, resident: Resident, **changes: float | None) -> Resident:
        changed = replace(resident, **changes)  # type: ignore[arg-type]
        self._all = [changed if one is resident else one for one in self._all]
        return changed


def _loaded(told: Told, now: float, keep_alive: float) -> Resident:
    """What a scenario loads, and has had an answer from; or not, where it is busy for good."""
    loaded = Loaded(told.model, told.memory, told.vram, told.context_length or CONTEXT)
    return Resident(
        loaded,
        told_context=told.context_length,
        since=now,
        started=now,
        free_at=math.inf if told.busy else now,
        keep_alive=keep_alive,
        expires_at=told.expires_at,
        held_expiry=told.expires_at,
        busy=told.busy,
    )
