"""What a scenario file may say: the models installed, and what happens when, in seconds from the start."""

from __future__ import annotations

# Needed at run time too: msgspec reads the annotations.
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from llama_metrics.config import ModelName

Seconds = Annotated[float, Meta(ge=0, le=10**9)]
Bytes = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Tokens = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]


class KeepAlive(float):
    """Seconds that a model stays after its last request; `forever` is what keep_alive -1 means to Ollama."""

    __slots__ = ()

    # The longest duration that Go can hold, which Ollama adds to the clock: the date lies 292 years ahead.
    FOREVER = (2**63 - 1) / 1e9

    @classmethod
    def parse(cls, value: object) -> KeepAlive:
        """Raises ValueError for what is neither seconds nor forever."""
        if value == "forever":
            return cls(cls.FOREVER)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10**9:
            raise ValueError(f"{value!r} is neither seconds, 0 or more, nor forever")
        return cls(value)


class Model(msgspec.Struct, frozen=True):
    """A model as /api/tags shows it. Ollama leaves out what is 0 or empty here."""

    name: ModelName
    size: Bytes
    modified_at: Annotated[datetime, Meta(tz=True)]
    family: str = ""
    format: str = ""
    parameter_size: str = ""
    quantization: str = ""
    context_length: Tokens = 0
    embedding_length: Tokens = 0
    capabilities: tuple[str, ...] = ()
    remote_model: str = ""
    remote_host: str = ""


class Load(msgspec.Struct, frozen=True):
    """A model comes into memory, the share `gpu` of it on a GPU.

    After `keep_alive` it goes, unless a request keeps it busy. Ollama tells a `context_length` of 0 while an MLX
    model loads.
    """

    model: ModelName
    memory: Bytes
    gpu: Share
    context_length: Tokens = 0
    keep_alive: KeepAlive = KeepAlive(300)
    busy: bool = False


class Step(msgspec.Struct, frozen=True):
    """One thing that happens at one moment: some models come, one goes, or the server does."""

    at: Seconds
    load: tuple[Load, ...] = ()
    unload: ModelName | None = None
    delete: ModelName | None = None
    pull: ModelName | None = None
    server: Literal["down", "up"] | None = None


class Scenario(msgspec.Struct, frozen=True):
    """At first the server is up, all models installed, none loaded. With `repeat_every` it starts over."""

    version: str
    models: tuple[Model, ...]
    steps: tuple[Step, ...] = ()
    repeat_every: Annotated[float, Meta(gt=0, le=10**9)] | None = None
