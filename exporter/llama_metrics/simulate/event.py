"""What the log of a simulated Ollama holds, piece by piece, and what these pieces add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Key = tuple[str, ...]
"""The name of a metric of the log, followed by the values of its labels."""
Counts = Mapping[Key, float]


@dataclass(frozen=True, slots=True)
class Work:
    """A runner at work on one request.

    Attributes:
        seconds: for how long.
        gpu: the share of its model that is on a GPU.
        model, runner: whose it is, and when that one's load was done.
        task: the runner's own number for it.
        prompt, cached, generated: tokens, of which `cached` are of the prompt.
        prompt_seconds: how long the prompt takes of all that time.

    """

    seconds: float
    gpu: float
    model: str
    runner: float
    task: int
    prompt: int
    cached: int
    generated: int
    prompt_seconds: float


@dataclass(frozen=True, slots=True)
class Event:
    """Some lines written at one moment.

    Attributes:
        at: in seconds from the start of the scenario.
        sections: which lines, by the names in wording/.
        values: what stands in them.
        counts: what a reader of them can count.
        work: what a runner begins then, whether the log says so or not.

    """

    at: float
    sections: tuple[str, ...]
    values: Mapping[str, object] = field(default_factory=dict)
    counts: Counts = field(default_factory=dict)
    work: Work | None = None


def counted(events: Iterable[Event]) -> dict[Key, float]:
    """The sum of what the events count."""
    total: dict[Key, float] = {}
    for event in events:
        for key, value in event.counts.items():
            total[key] = total.get(key, 0) + value
    return total


def answered(at: float, route: str, status: int, seconds: float, counts: Counts | None = None) -> Event:
    """The access log's line of a POST, with what else can be counted by then."""
    values = {"method": "POST", "path": route, "status": status, "seconds": seconds, "client": "127.0.0.1"}
    total: Counts = {("ollama_http_requests_total", "POST", route, str(status)): 1.0, **(counts or {})}
    return Event(at, ("gin",), values, total)
