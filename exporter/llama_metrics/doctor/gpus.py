"""Which GPUs are there, and do their drivers answer?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as StillRunning
from typing import Any

from llama_metrics.collector import Context
from llama_metrics.collectors.amd.collector import AMD
from llama_metrics.collectors.nvidia.collector import NvidiaOptions, open_source
from llama_metrics.collectors.nvidia.nvml import load as load_nvml
from llama_metrics.collectors.nvidia.present import has_card
from llama_metrics.config import Config
from llama_metrics.doctor.check import Check, trouble
from llama_metrics.errors import SourceError, TimedOut, Unsupported
from llama_metrics.flight import SingleFlight
from llama_metrics.system.machine import Machine

_SECONDS = 10.0


def look(config: Config, machine: Machine, load: Callable[[], Any] = load_nvml) -> Iterator[Check]:
    """One check for each maker's GPUs, or one that says that there are none. A Mac's is not looked for here."""
    if machine.system == "Darwin":
        return
    context = Context(config.target, machine, now=time.time, monotonic=time.monotonic)
    checks = [check for check in (_nvidia(context, load), _amd(context)) if check is not None]
    yield from checks or [Check("gpus", "absent", "neither an NVIDIA nor an AMD GPU was found")]


def _nvidia(context: Context, load: Callable[[], Any]) -> Check | None:
    """None where there is no card."""
    if not has_card(context.machine.root):
        return None
    try:
        source = open_source(NvidiaOptions(), context, load)
        # A card that hangs, hangs whoever asks for it. Starting NVML may take a while, too.
        ends = time.monotonic() + _SECONDS
        reading = SingleFlight("doctor", lambda: source.read(ends), time.monotonic).join().result.result(_SECONDS)
        source.close()
    except StillRunning:
        return trouble("gpus", "", TimedOut(f"NVML did not answer within {_SECONDS:.0f} s; try `nvidia-smi`"))
    except SourceError as error:
        return trouble("gpus", "", error)
    if not reading.gpus:
        return Check("gpus", "trouble", "NVIDIA's driver is there, but no GPU answers", "look at `nvidia-smi`")
    return Check("gpus", "ok", f"by NVML: {', '.join(gpu.name or gpu.uuid for gpu in reading.gpus)}")


def _amd(context: Context) -> Check | None:
    """None where there is no card."""
    try:
        source = AMD.open(AMD.options(), context)
    except Unsupported:
        return None
    gpus = source.read(time.monotonic() + _SECONDS).gpus
    if not gpus:
        return Check("gpus", "trouble", "the amdgpu driver is there, but no GPU answers", "look at `dmesg`")
    names = (f"{gpu.address} ({gpu.name})" if gpu.name else gpu.address for gpu in gpus)
    return Check("gpus", "ok", f"by the amdgpu driver: {', '.join(names)}")
