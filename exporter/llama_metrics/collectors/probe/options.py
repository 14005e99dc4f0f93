"""The configuration keys of the probe."""

from __future__ import annotations

import msgspec

from llama_metrics.collector import Options
from llama_metrics.duration import Duration
from llama_metrics.ollama.names import ModelName

_SHORTEST = 10.0
_DAY = 86400.0


class Interval(Duration):
    """Seconds from one probe of a model to the next, give or take; not so few that users notice."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> Interval:
        """Raises ValueError for what is no duration, or below ten seconds."""
        seconds = Duration.parse(value)
        if seconds < _SHORTEST:
            raise ValueError(f"{value!r} is too often, for each probe takes a turn from a user; write 10s or more")
        return cls(seconds)


class ProbedModel(msgspec.Struct, frozen=True):
    """A model to probe although its end moves with each request; with `load` also where it is not in memory."""

    name: ModelName
    load: bool = False


class ProbeOptions(Options, frozen=True, kw_only=True):
    """Nobody is probed unasked: it costs the user's machine something.

    Attributes:
        timeout: of one request, from its beginning to the end of its answer. Ollama breaks a load off that nobody
            waits for any longer: where `load` is set, this is longer than a load takes.
        interval: from one round over the models to the next, give or take a tenth.
        models: besides those that are pinned, which are probed while they are in memory. None is named twice.

    """

    enabled: bool | None = False
    timeout: Duration = Duration(60.0)
    interval: Interval = Interval(60.0)
    models: tuple[ProbedModel, ...] = ()

    def __post_init__(self) -> None:
        names = [model.name.casefold() for model in self.models]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"models names {', '.join(twice)} twice")

    def notes(self) -> tuple[str, ...]:
        """What the requests do to the models."""
        rounds = f"about {_DAY / self.interval:.0f} requests a day"
        named = ", ".join(model.name for model in self.models)
        if not named:
            return (f"{rounds} for each model that is pinned in memory; no other is named",)
        ends = (
            f"{rounds} for each of {named} and of what is pinned; each request moves the model's end, so it stays in"
            " memory for as long as the interval is shorter than its keep_alive"
        )
        loaded = ", ".join(model.name for model in self.models if model.load)
        return (ends, f"{loaded} will be loaded where it is not in memory, and may evict others") if loaded else (ends,)
