"""Is there a powermetrics, may it be run, and does it give samples?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from llama_metrics.collectors.powermetrics.command import command_line, grant, interval, is_permitted, refusal
from llama_metrics.collectors.powermetrics.options import PowermetricsOptions
from llama_metrics.collectors.powermetrics.plist import parse
from llama_metrics.collectors.powermetrics.sample import Sample
from llama_metrics.collectors.powermetrics.stream import PATIENCE, START, Stream
from llama_metrics.config import Config
from llama_metrics.doctor.check import Check, trouble
from llama_metrics.errors import NotPermitted, SourceError, Stale, Unsupported
from llama_metrics.system.machine import Machine

_NAME = "powermetrics"


def look(config: Config, machine: Machine) -> Iterator[Check]:
    """One check; it takes a sample, for only that proves it."""
    options = next((own for collector, own in config.collectors if collector.name == _NAME), PowermetricsOptions())
    assert isinstance(options, PowermetricsOptions)  # noqa: S101  the collector declares it
    try:
        command = command_line(options, machine)
    except Unsupported as error:
        yield Check(_NAME, "absent", str(error))
        return
    try:
        sample = _first_sample(command, interval(command, options), machine)
    except SourceError as error:
        check = trouble(_NAME, "", error)
        is_refused = str(error) == refusal(machine.user)
        yield replace(check, fix=grant(command, machine.user)) if is_refused else check
    else:
        rails = ", ".join(rail.name for rail in sample.rails) or "no part of the chip"
        yield Check(_NAME, "ok", f"`{' '.join(command)}` gives samples, which tell the power of {rails}")


def _first_sample(command: Sequence[str], seconds: float, machine: Machine) -> Sample:
    """Raises SourceError where none comes in time."""
    if not is_permitted(command, machine):
        raise NotPermitted(refusal(machine.user))
    stream = Stream(command, seconds, machine.user, time.monotonic)
    bound = PATIENCE * seconds + START
    ends = time.monotonic() + bound
    try:
        while time.monotonic() < ends:
            for piece in stream.read(0.5):
                return parse(piece)
    finally:
        stream.close()
    raise Stale(f"no sample came within {bound:.0f} s")
