"""read: which runners there are, what each one tells, and of which model it is."""

from __future__ import annotations

import re
from collections.abc import Hashable
from concurrent.futures import Future, wait
from dataclasses import dataclass

import psutil

from llama_metrics.collector import Context
from llama_metrics.collectors.runner.metrics import OTHER
from llama_metrics.collectors.runner.port import Port, Told
from llama_metrics.collectors.runner.reading import Reading, Runner
from llama_metrics.errors import NotPermitted
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.directory import Directory
from llama_metrics.ollama.names import UNKNOWN
from llama_metrics.ollama.tree import Member, Tree
from llama_metrics.system.processes import Processes

# Each is asked on a thread of its own. Ollama keeps three a GPU, unless it is told to keep more.
MOST = 64
_DIGEST = re.compile(r"sha256-([0-9a-f]{12})[0-9a-f]{52}")
# Parts of the time of a read: by when all processes are looked at, all is asked, and no answer is waited for any more.
_LOOKED, _ASKED, _WAITED = 0.5, 0.85, 0.9


@dataclass(slots=True)
class _Run:
    """A runner, as long as it lives; `name` is its model's, None until it is certain."""

    member: Member
    process: Hashable
    port: Port
    name: str | None = None


class RunnerSource:
    """Asks Ollama's own runners, each time it is read.

    Args:
        processes: of the system.
        metrics: whether to ask for counters too.
        context: the world around.

    """

    def __init__(self, processes: Processes, context: Context, *, metrics: bool) -> None:
        self._processes, self._context, self._metrics = processes, context, metrics
        self._tree = Tree(processes, context.monotonic)
        self._client = Client(context.target.url, context.target.headers, context.monotonic)
        self._directory = Directory(self._client, context.monotonic)
        self._runs: dict[int, _Run] = {}
        self._starts = 0
        self.rejected = 0

    def read(self, deadline: float) -> Reading:
        """What there is. Raises NotPermitted where the processes of others are hidden, and Ollama's may be one."""
        began = self._context.monotonic()
        seconds = deadline - began
        elsewhere, unasked = self._look(began + _LOOKED * seconds)
        ask_until = began + _ASKED * seconds
        answers = {pid: run.port.ask(ask_until) for pid, run in self._runs.items()}
        # While they answer: an Ollama that is silent itself must not cost its runners their time.
        labels = self._labels(ask_until)
        wait(answers.values(), timeout=max(0.0, began + _WAITED * seconds - self._context.monotonic()))
        # Who has ended meanwhile may have left its port to a stranger.
        told = {pid: self._told(pid, answer) for pid, answer in answers.items() if self._is_same(pid)}
        self.rejected += sum(one.rejected for one in told.values())
        # One that has no label yet is told the next time, by its name.
        runners = [
            Runner(label, told[pid].state, told[pid].slots, told[pid].counters)
            for pid, label in labels.items()
            if label and pid in told
        ]
        return Reading((*runners, *[Runner(UNKNOWN, OTHER)] * unasked), elsewhere)

    def close(self) -> None:
        """Asks no more. Threads that wait for a runner are left to end at their deadline."""
        for run in self._runs.values():
            run.port.close()
        self._client.close()

    def _look(self, deadline: float) -> tuple[int, int]:
        """Finds out which runners there are; gives how many are elsewhere, and above those that are asked."""
        self._tree.look(deadline)
        members = self._tree.members
        if not members and self._tree.is_hidden:
            raise NotPermitted(
                "looking for Ollama's runners: the system does not show us all processes; run the exporter as the user"
                " of Ollama or as root, or grant it (hidepid of /proc on Linux)"
            )
        alive = [member for member in members if member.role.kind == "runner"]
        # On the port of one that has another loopback, a stranger may listen on ours.
        runners = [member for member in alive if self._processes.shares_network(member.pid)]
        runs = {member.pid: run for member in runners[:MOST] if (run := self._run(member))}
        for pid, run in self._runs.items():
            if runs.get(pid) is not run:
                run.port.close()
        self._runs = runs
        return len(alive) - len(runners), len(runners[MOST:])

    def _run(self, member: Member) -> _Run | None:
        """None where it has ended."""
        try:
            process = self._processes.identity(member.pid)
        except psutil.Error:
            return None
        before = self._runs.get(member.pid)
        if before and before.process != process:
            # Another process has got its pid; what it is, the next look tells.
            self._tree.forget(member.pid)
            return None
        if before and before.member == member:
            return before
        self._starts += 1
        port = Port(member.role.port, metrics=self._metrics, monotonic=self._context.monotonic)
        return _Run(member, process, port)

    def _told(self, pid: int, answer: Future[Told]) -> Told:
        return answer.result() if answer.done() else self._runs[pid].port.so_far

    def _is_same(self, pid: int) -> bool:
        try:
            return self._processes.identity(pid) == self._runs[pid].process
        except psutil.Error:
            return False

    def _labels(self, deadline: float) -> dict[int, str | None]:
        models = [run.member.role.model or UNKNOWN for run in self._runs.values() if run.name is None]
        if models:
            # A model that was pulled just now is in no older list.
            self._directory.refresh(self._starts, deadline)
            self._directory.look_up(models, deadline)
        return {pid: self._label(run, deadline) for pid, run in self._runs.items()}

    def _label(self, run: _Run, deadline: float) -> str | None:
        """Its model's name, or what stands for it; None while that is searched for. A name stays once it is certain."""
        if run.name is None:
            model = run.member.role.model or UNKNOWN
            name = self._directory.name(model, deadline)
            if name == UNKNOWN:
                digest = _DIGEST.fullmatch(model)
                return digest[1] if digest else UNKNOWN
            run.name = name
        return run.name
