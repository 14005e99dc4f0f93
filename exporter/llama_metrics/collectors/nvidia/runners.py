"""read: which processes are runners of Ollama on this machine, and of which model."""

from __future__ import annotations

from collections.abc import Iterable

import psutil

from llama_metrics.ollama.processes import Role, role_of


class Runners:
    """Looks at each process once, for as long as it lives."""

    def __init__(self) -> None:
        self._seen: dict[psutil.Process, str | None] = {}

    def models(self, pids: Iterable[int]) -> dict[int, str]:
        """The model of each runner among these processes, as its blob or its name; other processes are left out.

        In a container the driver may tell pids of the host, which are nobody, or not Ollama's, in here.
        """
        seen: dict[psutil.Process, str | None] = {}
        for pid in set(pids):
            try:
                process = psutil.Process(pid)
                seen[process] = self._seen[process] if process in self._seen else _model(process)
            except (psutil.Error, ValueError):
                # It has ended, or we may not see it. ValueError: a number that no process can have.
                continue
        self._seen = seen
        return {process.pid: model for process, model in seen.items() if model is not None}


def _model(process: psutil.Process) -> str | None:
    """None for what is no runner; others use llama-server too, but no server of Ollama has started theirs."""
    role = role_of(process.cmdline())
    if role is None or role.model is None:
        return None
    return role.model if Role("server") in (role_of(parent.cmdline()) for parent in process.parents()) else None
