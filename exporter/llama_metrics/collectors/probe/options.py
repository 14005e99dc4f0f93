"""The configuration keys of the probe."""

from __future__ import annotations

import msgspec

from llama_metrics.collector import Options
from llama_metrics.duration import Duration
from llama_metrics.ollama.names import ModelName


class ProbedModel(msgspec.Struct, frozen=True):
    """A model to probe although its end moves with each request; with `load` also where it is not in memory."""

    name: ModelName
    load: bool = False


class ProbeOptions(Options, frozen=True, kw_only=True):
    """Nobody is probed unasked: it costs the user's machine something.

    Attributes:
        timeout: of one request, from its beginning to the end of its answer.
        interval: from one round over the models to the next, give or take a tenth.
        models: besides those that are pinned, which are probed while they are in memory.

    """

    enabled: bool | None = False
    timeout: Duration = Duration(60.0)
    interval: Duration = Duration(60.0)
    models: tuple[ProbedModel, ...] = ()
