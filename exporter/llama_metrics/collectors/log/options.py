"""The configuration keys of the log collector."""

from __future__ import annotations

from typing import Literal

from llama_metrics.collector import Options

SourceName = Literal["auto", "file", "journald", "docker", "stdin"]


class LogOptions(Options, frozen=True, kw_only=True):
    """Which log is followed; nobody has to say, where Ollama's installers put it.

    Attributes:
        source: `auto` looks where Ollama's installers put it.
        path: of the file, or a glob whose newest match is followed; for `file`, and for `auto` instead of looking.
        unit: the systemd unit that runs Ollama, for `journald`.
        container: the name of the container that runs Ollama, for `docker`.

    """

    enabled: bool | None = None
    source: SourceName = "auto"
    path: str | None = None
    unit: str = "ollama"
    container: str | None = None
