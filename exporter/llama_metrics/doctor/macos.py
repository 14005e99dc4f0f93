"""Do macOS' own tools answer?"""

from __future__ import annotations

import time
from collections.abc import Iterator

from llama_metrics.collectors.macos.tools import MacosSource
from llama_metrics.config import Config
from llama_metrics.doctor.check import Check, trouble
from llama_metrics.errors import SourceError
from llama_metrics.system.machine import Machine

_SECONDS = 5.0


def look(config: Config, machine: Machine) -> Iterator[Check]:
    """On a Mac: one check for each tool that does not answer as it should, or one that all do. Elsewhere none."""
    if machine.system != "Darwin" or "macos" not in {collector.name for collector, _ in config.collectors}:
        return
    try:
        troubles = MacosSource(machine.root, time.monotonic).read(time.monotonic() + _SECONDS).troubles
    except SourceError as error:
        troubles = (error,)
    for one in troubles:
        yield trouble("macos", "", one)
    if not troubles:
        yield Check("macos", "ok", "macOS' own tools tell pressure, GPU and thermal state, without root")
