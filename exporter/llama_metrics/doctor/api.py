"""Does Ollama answer, and does its log tell tokens?"""

from __future__ import annotations

import time
from collections.abc import Iterator

from llama_metrics.config import Config
from llama_metrics.doctor.check import Check, trouble
from llama_metrics.errors import SourceError
from llama_metrics.ollama.answers import Version
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.eras import prints_costs
from llama_metrics.system.machine import Machine

_SECONDS = 5.0


def look(config: Config, _: Machine) -> Iterator[Check]:
    """Two checks, or one that says why nobody answers."""
    target = config.target
    try:
        answer = Client(target.url, target.headers).get("/api/version", Version, time.monotonic() + _SECONDS)
    except SourceError as error:
        yield trouble("ollama", "", error)
        return
    yield Check("ollama", "ok", f"Ollama {answer.version} answers at {target.url}")
    prints = prints_costs(answer.version)
    if prints is None:
        told = f"Ollama {answer.version} is a development build; its first requests show whether its log tells tokens"
        yield Check("tokens", "ok", told)
    elif prints:
        yield Check("tokens", "ok", f"the log of Ollama {answer.version} tells the tokens of each request")
    else:
        yield Check(
            "tokens",
            "absent",
            f"Ollama {answer.version} prints no tokens at its default level; OLLAMA_DEBUG=1 would not help with"
            " generated tokens",
            "update Ollama to 0.30 or later",
        )
