"""Machines with GPUs, of which only the files are there, and the nvidia collector on a library of the test's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from llama_metrics.collector import AnyCollector, Context, Target
from llama_metrics.collectors.nvidia.collector import NVIDIA, open_source
from llama_metrics.system.machine import Machine
from tests.support.fake_nvml import FakeNvml, nvidia_ml_py


def machine(root: Path, system: str = "Linux") -> Machine:
    """One whose files are below `root`."""
    return Machine(system=system, user="me", home=root, environ={}, run=lambda _: None, root=root)


def with_nvidia_driver(root: Path) -> Path:
    """The same folder, with what the loaded driver leaves in it."""
    sign = root / "proc/driver/nvidia/version"
    sign.parent.mkdir(parents=True)
    sign.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05\n")
    return root


def context(root: Path, url: str = "http://127.0.0.1:9", monotonic: Callable[[], float] = time.monotonic) -> Context:
    """The Ollama at `url`, or one that nobody answers for."""
    return Context(Target(name="default", url=url), machine(root), now=time.time, monotonic=monotonic)


def nvidia(library: FakeNvml) -> AnyCollector:
    """The collector, which finds this library where the driver's would be."""
    api = nvidia_ml_py(library)
    return with_load(lambda: api)


def with_load(load: Callable[[], Any]) -> AnyCollector:
    """The collector, with another way to find NVML."""
    return replace(NVIDIA, open=partial(open_source, load=load))
