"""What a line of Ollama's log can say, as typed values. A line is one of these, or it is nobody's business."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["debug", "info", "warn", "error"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warn", "error")


class Event(msgspec.Struct, frozen=True, gc=False):
    """One line that counts."""


class Failed(Event, frozen=True):
    """A line that begins like one that counts and goes on otherwise."""


class Answered(Event, frozen=True):
    """The access log's line of a request that ended. `method`, `route` and `code` are of the closed lists.

    `polled` is whether it is one of those that exporters and clients ask all the time.
    """

    method: str
    route: str
    code: str
    seconds: float
    polled: bool


class Prompt(Event, frozen=True):
    """A runner begins with a task: its slot's context and the tokens of the whole prompt."""

    slot: int
    task: int
    context: int
    tokens: int


class PromptEvaluated(Event, frozen=True):
    """The prompt of a task was evaluated: tokens without the cached ones, and how long it took."""

    slot: int
    task: int
    seconds: float
    tokens: int


class Generated(Event, frozen=True):
    """A task generated all its tokens."""

    slot: int
    task: int
    seconds: float
    tokens: int


class Released(Event, frozen=True):
    """A slot is free again, however its task ended."""

    slot: int
    task: int


class Abandoned(Event, frozen=True):
    """A task is cancelled, or refused with an error."""

    task: int
    refused: bool


class ContextShifted(Event, frozen=True):
    """A generation outgrew its context."""


class OutOfMemory(Event, frozen=True):
    """A runner's own words for an allocation that failed."""


class SlotsReady(Event, frozen=True):
    """The runner being loaded has so many slots, each with a context of so many tokens."""

    slots: int
    context: int


class Offloaded(Event, frozen=True):
    """How many of the layers of the model being loaded are on a GPU."""

    layers: int
    of: int


class Message(Event, frozen=True):
    """A record of Ollama's own that is counted by its level and means nothing more.

    `second` is its time, as seconds since 1970; None where it has none.
    """

    level: Level
    second: float | None


class Listening(Message, frozen=True):
    """The server is up."""

    version: str


class Configured(Message, frozen=True):
    """The server begins; None is a setting that is automatic, not said, or not to be understood."""

    num_parallel: int | None
    max_queue: int | None
    max_loaded_models: int | None
    keep_alive: float | None
    context_length: int | None
    flash_attention: str
    kv_cache_type: str
    debug: str


class DefaultContext(Message, frozen=True):
    """The context that the server chose by the GPUs' memory."""

    tokens: int


class Device(Message, frozen=True):
    """What the server can compute on; `library` is cpu where it is no GPU. Memory in bytes, None where not said."""

    gpu: str
    library: str
    name: str
    memory: int | None


class RunnerStarting(Message, frozen=True):
    """A runner is started for a model.

    Attributes:
        model: the blob of its weights, `sha256-…`, or the model's name where the line has it.
        timed: whether it will print what its requests cost. None of an Ollama before 0.30 does, nor of embeddings.
        upstream: whether it is llama-server, that is Ollama 0.30 or later.

    """

    model: str
    timed: bool
    upstream: bool


class ModelNamed(Message, frozen=True):
    """The name of the model that was just loaded."""

    model: str


class RunnerStarted(Message, frozen=True):
    """A runner is ready; how long its load took, in seconds."""

    seconds: float


class RunnersLoaded(Message, frozen=True):
    """A load is done, and so many runners are alive now."""

    count: int


class LoadFailed(Message, frozen=True):
    """A load ended without a runner; `cancelled` where the client had left."""

    cancelled: bool
    memory: bool


class Evicting(Message, frozen=True):
    """A model goes to make room in memory."""


class TooLarge(Message, frozen=True):
    """A load is refused, or its runner failed, for want of memory."""


class RunnerGone(Message, frozen=True):
    """A runner was found dead; `words` are the line's own, for it is printed twice."""

    words: str


class Truncated(Message, frozen=True):
    """A prompt was cut."""


class ClientLeft(Message, frozen=True):
    """A client left while its request waited for a slot."""


class RequestBegins(Message, frozen=True):
    """OLLAMA_DEBUG: a request goes to the runner of this blob."""

    model: str


class RunnerInUse(Message, frozen=True):
    """OLLAMA_DEBUG: how many requests the runner of this blob has now."""

    model: str
    requests: int
