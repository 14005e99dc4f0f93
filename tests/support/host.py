"""A machine of a test's own, with an empty disk, for what depends on where we run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from llama_metrics.collector import Context, Target
from llama_metrics.system.machine import Machine


def machine(root: Path, system: str = "Linux", environ: Mapping[str, str] | None = None) -> Machine:
    """One whose `/` is `root`, and whose user has the folder home/me below it."""
    return Machine(
        system=system, user="me", home=root / "home/me", environ=environ or {}, run=lambda _: None, root=root
    )


def context(
    root: Path,
    url: str = "http://127.0.0.1:9",
    *,
    here: Machine | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Context:
    """What a source on that machine knows."""
    target = Target(name="default", url=url)
    return Context(target, here or machine(root), now=time.time, monotonic=monotonic)
