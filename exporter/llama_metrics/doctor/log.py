"""Which log of Ollama there is, and can it be read?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from llama_metrics.collectors.log.options import LogOptions
from llama_metrics.collectors.log.sources.find import Candidate, find
from llama_metrics.collectors.log.sources.source import LogSource
from llama_metrics.collectors.log.sources.stdin import StdinSource
from llama_metrics.config import Config
from llama_metrics.doctor.check import Check, trouble
from llama_metrics.errors import SourceError, TimedOut, Unsupported
from llama_metrics.system.machine import Machine, is_local

_SECONDS = 5.0
_STEP = 0.25


def look(config: Config, machine: Machine) -> Iterator[Check]:
    """One check for each place where a log may be."""
    options = next((own for collector, own in config.collectors if collector.name == "log"), LogOptions())
    assert isinstance(options, LogOptions)  # noqa: S101  the collector declares it
    found = find(options, machine, local=is_local(config.target.url))
    for candidate in found.candidates:
        if candidate is found.chosen:
            yield _read(candidate)
        elif candidate.trouble:
            check = trouble("log", f"{candidate.description}: ", candidate.trouble)
            # Of the places that nobody named, most are not there on any machine.
            is_absent = options.source == "auto" and isinstance(candidate.trouble, Unsupported)
            yield replace(check, state="absent") if is_absent else check
        else:
            yield Check("log", "absent", f"{candidate.description}: not used, for there is one before it")


def _read(candidate: Candidate) -> Check:
    """The chosen log is opened and read, for only that proves it."""
    source = candidate.open()
    if isinstance(source, StdinSource):
        # What is read from it is gone.
        return Check("log", "ok", f"{candidate.description}: whatever is piped in is followed")
    try:
        _expect_answer(source)
    except SourceError as error:
        return trouble("log", f"{candidate.description}: ", error)
    finally:
        source.close()
    return Check("log", "ok", f"{candidate.description}: it can be read, and is followed")


def _expect_answer(source: LogSource) -> None:
    """Raises SourceError where the log cannot be read. A block without text only says that it is still being asked."""
    ends = time.monotonic() + _SECONDS
    while (block := source.read(_STEP)) is not None and not block.text:
        if time.monotonic() >= ends:
            raise TimedOut(f"no line of it came within {_SECONDS:.0f} s")
