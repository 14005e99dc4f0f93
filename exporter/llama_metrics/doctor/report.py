"""Every look, and what all of them together say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from llama_metrics.config import Config
from llama_metrics.doctor import api, gpus, log, macos, powermetrics, probe, processes, runners
from llama_metrics.doctor.check import Check
from llama_metrics.system.machine import Machine

_LOOKS: tuple[Callable[[Config, Machine], Iterable[Check]], ...] = (
    api.look,
    log.look,
    processes.look,
    runners.look,
    probe.look,
    macos.look,
    powermetrics.look,
    gpus.look,
)


def examine(config: Config, machine: Machine) -> tuple[Check, ...]:
    """Every check, in their order."""
    return tuple(check for look in _LOOKS for check in look(config, machine))


def is_well(checks: Sequence[Check]) -> bool:
    """Whether what nobody can do without is there: an Ollama that answers, and a log that can be read."""
    return {"ollama", "log"} <= {check.name for check in checks if check.state == "ok"}


def as_text(checks: Sequence[Check]) -> str:
    """One line a check, and one more for what would change it."""
    name_width, state_width = max(len(check.name) for check in checks), len("trouble")
    lines = []
    for check in checks:
        begin = f"{check.state:{state_width}}  {check.name:{name_width}}  "
        lines.append(begin + check.sentence)
        if check.fix:
            lines.append(" " * len(begin) + f"-> {check.fix}")
    return "\n".join(lines) + "\n"
