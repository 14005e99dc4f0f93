"""What a collector is: the contract between scrape.py, which runs them, and collectors/, where they live."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from llama_metrics.duration import Duration
from llama_metrics.metrics import AnyFamily, AnyMetric, Family
from llama_metrics.system.machine import Machine

Reading = TypeVar("Reading")
ReadingOut = TypeVar("ReadingOut", covariant=True)
OptionsType = TypeVar("OptionsType", bound="Options")

Scope = Literal["target", "host"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration keys that every collector takes; one with more keys derives from it.

    `enabled` is None where nobody decided: on, if this machine has what the collector reads.
    """

    enabled: bool | None = True
    timeout: Duration = Duration(2.0)

    def notes(self) -> tuple[str, ...]:
        """What `check` says of this choice: what it does to others, in sentences."""
        return ()


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One Ollama to watch. `url` is a base address without a trailing slash, `expected_models` are complete names."""

    name: str
    url: str
    headers: dict[str, str] = {}
    expected_models: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What a source needs to know of the world around it.

    Attributes:
        target: the Ollama to ask.
        machine: the one we run on.
        now: seconds since 1970, as `time.time`.
        monotonic: seconds that never jump, as `time.monotonic`; deadlines are told in them.

    """

    target: Target
    machine: Machine
    now: Callable[[], float]
    monotonic: Callable[[], float]


class Source(Protocol[ReadingOut]):
    """The open end of a collector. It is read by one thread at a time."""

    @property
    def rejected(self) -> int:
        """How many values of its answers could not be true and were dropped, since it was opened."""

    def read(self, deadline: float) -> ReadingOut:
        """What there is now, whole, by `deadline` (monotonic seconds). Raises SourceError."""

    def close(self) -> None:
        """Ends what it holds open, within about a second; it is not read again."""


class Background(Source[ReadingOut], Protocol[ReadingOut]):
    """A source that goes on between scrapes, from when it is opened until it is closed."""

    @property
    def restarts(self) -> int:
        """Times it was taken up again after trouble."""

    @property
    def last_success(self) -> float | None:
        """When it last went well, in seconds since 1970; None before the first time."""


@dataclass(frozen=True, kw_only=True)
class Collector(Generic[OptionsType, Reading]):
    """A subject that can be read and rendered.

    Attributes:
        name: the name in flags, configuration keys and the label `collector`.
        help: what it reads, in one line.
        scope: `target` belongs to one Ollama, `host` to the machine the exporter runs on.
        options: its configuration keys.
        metrics: every metric its families can have.
        open: makes the source. Raises Unsupported where this machine does not have what it reads.
        render: a reading as families; pure.
        when_failed: what is still known when the source could not be read.
        gate: where this one fails, every other family of its scope is dropped from the page.
        outlasts_gate: its families are shown even so, for they say when they were read.
        background: whether its source is a Background.

    """

    name: str
    help: str
    scope: Scope
    options: type[OptionsType]
    metrics: tuple[AnyMetric, ...]
    open: Callable[[OptionsType, Context], Source[Reading]]
    render: Callable[[Reading], Iterable[AnyFamily]]
    when_failed: tuple[Family, ...] = ()
    gate: bool = False
    outlasts_gate: bool = False
    background: bool = False


AnyCollector = Collector[Any, Any]
