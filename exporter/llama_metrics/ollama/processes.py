"""What a process is to Ollama, told by its command line. Three generations of runners:

    ollama_llama_server [runner] --model BLOB --port N                                              to 0.5.7
    ollama runner [--ollama-engine|--mlx-engine|--imagegen-engine] --model BLOB-OR-NAME --port N    0.5.8 and later
    llama-server --model BLOB --port N ...                                                          0.30 and later

A command line alone does not make a runner: others use llama-server too. Only a descendant of Ollama's server is one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from llama_metrics.ollama.names import UNKNOWN, complete

_PATH = re.compile(r"[/\\]")
_BLOB = re.compile(r"sha256-[0-9a-f]{64}")
_PORT = re.compile(r"[0-9]{1,5}")
_RUNNERS = (("ollama_llama_server",), ("llama-server",), ("ollama", "runner"))
_SERVERS = (("ollama", "serve"), ("ollama", "start"))


@dataclass(frozen=True, slots=True)
class Role:
    """What a process of Ollama does.

    Attributes:
        kind: a server, or a runner that holds a model.
        model: a runner's, as its blob (`sha256-` and 64 digits) or its complete name, `unknown` where it is neither;
            None for a server.
        port: where a runner listens on the loopback; None where it does not say, and for a server.

    """

    kind: Literal["server", "runner"]
    model: str | None = None
    port: int | None = None


def role_of(command: Sequence[str]) -> Role | None:
    """The role that a command line claims; None for any other program.

    Clients (`ollama run`) have none, nor have the children without a model that a server starts to look for GPUs.
    """
    if not command:
        return None
    program = _PATH.split(command[0])[-1].removesuffix(".exe")
    words = (program, *command[1:2])
    if words in _SERVERS:
        return Role("server")
    model = _option(command, "--model")
    if model and any(words[: len(runner)] == runner for runner in _RUNNERS):
        port = _option(command, "--port") or ""
        return Role("runner", _model(model), int(port) if _PORT.fullmatch(port) else None)
    return None


def _option(command: Sequence[str], name: str) -> str | None:
    """The value behind `name`, written as one word or as two."""
    for word, value in zip(command, [*command[1:], ""], strict=True):
        if word == name:
            return value
        if word.startswith(f"{name}="):
            return word[len(name) + 1 :]
    return None


def _model(given: str) -> str:
    """Never a path: what this gives may become a label."""
    file = _PATH.split(given)[-1]
    if _BLOB.fullmatch(file):
        return file
    try:
        return complete(given)
    except ValueError:
        return UNKNOWN
