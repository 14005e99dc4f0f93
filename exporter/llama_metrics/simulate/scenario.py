"""What a scenario file may say: the models installed, and what happens when, in seconds from the start."""

from __future__ import annotations

# Needed at run time too: msgspec reads the annotations.
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from llama_metrics.ollama.names import ModelName

Seconds = Annotated[float, Meta(ge=0, le=10**9)]
Bytes = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Tokens = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1, le=10**9)]
Rate = Annotated[float, Meta(gt=0, le=1000)]

Route = Literal[
    "/api/generate",
    "/api/chat",
    "/api/embed",
    "/api/embeddings",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/messages",
]
EMBEDDING_ROUTES = ("/api/embed", "/api/embeddings", "/v1/embeddings")
Ending = Literal[
    "done",  # answered
    "truncated",  # its prompt was cut to fit the context, then answered
    "shifted",  # outgrew the context while it was answered
    "cancelled",  # its client left while it was answered
    "cancelled_waiting",  # its client left before it had its turn
    "rejected",  # the queue was full
    "failed",  # answered with an error
    "crashed",  # found the model's runner dead; loaded it again and was answered
    "evicting",  # had the model loaded again, for which another had to make room; then was answered
    # The model of these three is not in memory, and does not come there.
    "cancelled_loading",  # its client left while the model was loading
    "unreadable",  # the model's file cannot be read
    "out_of_memory",  # the model does not fit
]

Thermal = Literal["nominal", "moderate", "heavy", "trapping", "sleeping"]


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
    # The log and /api/show count them.
    layers: Count = 33

    @property
    def embeds(self) -> bool:
        """Whether it is one for embeddings."""
        return "embedding" in self.capabilities


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


class Gpu(msgspec.Struct, frozen=True):
    """A GPU that the server finds when it starts."""

    id: str
    name: str
    memory: Bytes
    library: str = "CUDA"
    compute: str = "8.9"


class Requests(msgspec.Struct, frozen=True):
    """Requests of one kind that keep coming, `rate` a second. They show in the log alone.

    Tokens are means: each request has between half and one and a half times as many. A model has one slot: what comes
    while it is taken waits. Nobody asks for a model that is not in memory, save to see that it cannot come there.
    """

    model: ModelName
    rate: Rate
    route: Route = "/api/chat"
    prompt_tokens: Count = 200
    # Of the prompt, what is in the prompt cache.
    cached: Share = 0
    generated_tokens: Count = 100
    seconds_per_prompt_token: Seconds = 0.0005
    seconds_per_token: Seconds = 0.02
    ending: Ending = "done"


class Step(msgspec.Struct, frozen=True):
    """One thing that happens at one moment.

    Some models come, one goes, the server does, other requests come; or on the Mac below, which powermetrics alone
    tells of: its thermal pressure changes, or it is seen to have a battery, charged so far.
    """

    at: Seconds
    load: tuple[Load, ...] = ()
    unload: ModelName | None = None
    delete: ModelName | None = None
    pull: ModelName | None = None
    server: Literal["down", "up"] | None = None
    # From here on these, instead of those before.
    requests: tuple[Requests, ...] | None = None
    thermal: Thermal | None = None
    battery: Share | None = None

    @property
    def deeds(self) -> list[str]:
        """The names of what it holds; an empty list of requests is something, an empty load is not."""
        return [name for name in _DEEDS if getattr(self, name) not in (None, ())] + (
            ["requests"] if self.requests is not None else []
        )


_DEEDS = ("load", "unload", "delete", "pull", "server", "thermal", "battery")
DEEDS = (*_DEEDS, "requests")


class Scenario(msgspec.Struct, frozen=True):
    """At first the server is up, all models installed, none loaded. With `repeat_every` it starts over."""

    version: str
    models: tuple[Model, ...]
    steps: tuple[Step, ...] = ()
    repeat_every: Annotated[float, Meta(gt=0, le=10**9)] | None = None
    gpus: tuple[Gpu, ...] = ()
    # OLLAMA_MAX_LOADED_MODELS; None is no limit.
    max_loaded_models: Count | None = None
