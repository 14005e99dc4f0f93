"""What the process collector knows after a look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from llama_metrics.collectors.process.sums import Label
from llama_metrics.system.processes import Usage

Number = TypeVar("Number", int, float)

SERVER: Label = ("server", "")


@dataclass(frozen=True, slots=True)
class Group:
    """The processes of one role and model together; None where one of them is not permitted to see.

    Attributes:
        resident, threads, open_fds: sums.
        started: of the newest, in seconds since 1970.

    """

    label: Label
    resident: int | None
    threads: int | None
    open_fds: int | None
    started: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is; None is not known.

    Attributes:
        servers, runners: how many.
        groups: those of which a process is alive.
        cpu: seconds since we began.
        connections: established ones to Ollama's port.

    """

    servers: int | None
    runners: int | None
    groups: tuple[Group, ...]
    cpu: Mapping[Label, float]
    connections: int | None


def group(label: Label, usages: Iterable[Usage]) -> Group:
    """Some processes as one."""
    alive = list(usages)
    return Group(
        label,
        _all(sum, [usage.resident for usage in alive]),
        _all(sum, [usage.threads for usage in alive]),
        _all(sum, [usage.open_fds for usage in alive]),
        _all(max, [usage.started for usage in alive]),
    )


def _all(combine: Callable[[Sequence[Number]], Number], numbers: Sequence[Number | None]) -> Number | None:
    """None where one is not known: a part of a sum would be no sum."""
    known = [number for number in numbers if number is not None]
    return combine(known) if len(known) == len(numbers) else None
