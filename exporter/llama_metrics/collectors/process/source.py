"""read: Ollama's processes and what they use, put together."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

import psutil

from llama_metrics.collector import Context
from llama_metrics.collectors.process.reading import SERVER, Group, Reading, group
from llama_metrics.collectors.process.sums import CpuSeconds, Label
from llama_metrics.errors import NotPermitted, SourceError, TimedOut, Unreachable
from llama_metrics.ollama.answers import Version
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.directory import Directory
from llama_metrics.ollama.names import UNKNOWN
from llama_metrics.ollama.tree import Member, Tree
from llama_metrics.system.processes import Processes, Usage

# Kept of a scrape's time for what is not asked of the API, when that does not answer.
_RESERVE = 0.25
# For a look at every process when we begin; what is not seen by then, the scrapes go on with.
_FIRST_LOOK = 5.0
_UNKNOWN: Label = ("runner", UNKNOWN)


@dataclass(slots=True)
class _Run:
    """A process of Ollama, as long as it lives; `label` is None until its model has a name for certain."""

    member: Member
    usage: Usage
    label: Label | None


class ProcessSource:
    """Looks when it is asked, and remembers what it saw.

    Every server on this machine counts: which of several listens on the target's port is permitted to few to see.

    Args:
        processes: of the system.
        connections: how many there are to Ollama's port, from the pids of the servers.
        context: the world around.

    """

    rejected = 0

    def __init__(
        self, processes: Processes, connections: Callable[[Collection[int]], int | None], context: Context
    ) -> None:
        self._processes, self._connections, self._context = processes, connections, context
        self._client = Client(context.target.url, context.target.headers, context.monotonic)
        self._directory = Directory(self._client, context.monotonic)
        self._tree, self._cpu = Tree(processes, context.monotonic), CpuSeconds()
        self._runs: dict[int, _Run] = {}
        self._starts = 0
        self._was_server_seen = False
        # What is there now, and what it has used, is from before we began.
        with suppress(TimedOut):
            self._look(context.monotonic() + _FIRST_LOOK)

    def read(self, deadline: float) -> Reading:
        """What there is. Raises NotPermitted where the processes of others are hidden, and Ollama's may be one."""
        self._look(deadline - _RESERVE)
        ask_until = deadline - _RESERVE
        kinds = [run.member.role.kind for run in self._runs.values()]
        self._was_server_seen |= "server" in kinds
        if not kinds and self._tree.is_hidden:
            raise NotPermitted(
                "looking for Ollama's processes: the system does not show us all of them; run the exporter as the user"
                " of Ollama or as root, or grant it (hidepid of /proc on Linux)"
            )
        servers = kinds.count("server")
        if not servers and not self._can_say_none(ask_until):
            return Reading(None, kinds.count("runner") or None, *self._used(ask_until), connections=None)
        self._cpu.begin(SERVER)
        pids = [pid for pid, run in self._runs.items() if run.member.role.kind == "server"]
        connections = self._connections(pids) if pids else None
        return Reading(servers, kinds.count("runner"), *self._used(ask_until), connections=connections)

    def close(self) -> None:
        """Asks no more."""
        self._client.close()

    def _look(self, deadline: float) -> None:
        self._tree.look(deadline)
        runs: dict[int, _Run] = {}
        for member in self._tree.members:
            run = self._run(member)
            if run:
                runs[member.pid] = run
                if run.usage.cpu is not None:
                    self._cpu.read(member.pid, run.usage.cpu, is_old=member.is_old)
        for pid, run in self._runs.items():
            if pid not in runs:
                self._cpu.end(pid, run.label or _UNKNOWN)
        self._runs = runs

    def _run(self, member: Member) -> _Run | None:
        """None where it has ended."""
        try:
            usage = self._processes.usage(member.pid)
        except psutil.Error:
            return None
        before = self._runs.get(member.pid)
        if before and before.usage.process != usage.process:
            # Another process has got its pid; what it is, the next look tells.
            self._tree.forget(member.pid)
            return None
        if before and before.member == member:
            return _Run(member, usage, before.label)
        self._starts += 1
        return _Run(member, usage, SERVER if member.role.kind == "server" else None)

    def _can_say_none(self, deadline: float) -> bool:
        """Whether Ollama has no server here, rather than one that we cannot see: in another container, or in a VM."""
        if self._was_server_seen:
            return True
        if self._context.machine.is_container():
            return False
        try:
            self._client.get("/api/version", Version, deadline)
        except Unreachable:
            return True
        except SourceError:
            pass
        return False

    def _used(self, deadline: float) -> tuple[tuple[Group, ...], dict[Label, float]]:
        """What the processes use, and have used, by label. One whose model is still being searched for waits."""
        labels = self._labels(deadline)
        self._cpu.settle(labels)
        usages: dict[Label, list[Usage]] = {}
        for pid, label in labels.items():
            usages.setdefault(label, []).append(self._runs[pid].usage)
        unseen = {label for label, alive in usages.items() if any(usage.cpu is None for usage in alive)}
        cpu = {label: seconds for label, seconds in self._cpu.sums.items() if label not in unseen}
        return tuple(group(label, alive) for label, alive in sorted(usages.items())), cpu

    def _labels(self, deadline: float) -> dict[int, Label]:
        """The label of each process that has one. A runner's stays, once it is certain: it never changes its model."""
        models = {pid: run.member.role.model or UNKNOWN for pid, run in self._runs.items() if run.label is None}
        if models:
            # A model that was pulled just now is in no older list.
            self._directory.refresh(self._starts, deadline)
            self._directory.look_up(models.values(), deadline)
        labels = {pid: run.label for pid, run in self._runs.items() if run.label}
        for pid, model in models.items():
            name = self._directory.name(model, deadline)
            if name:
                labels[pid] = ("runner", name)
                self._runs[pid].label = None if name == UNKNOWN else labels[pid]
        return labels
