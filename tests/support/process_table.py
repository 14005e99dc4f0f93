"""Processes out of a table, for what no test can start: other systems, other users, other generations of Ollama."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from llama_metrics.system.processes import Usage

TABLES = Path(__file__).parents[1] / "fixtures" / "proc"


@dataclass(frozen=True)
class Row:
    """One process; None is not permitted to see."""

    pid: int
    parent: int
    started: float
    cpu: float | None
    resident: int | None
    threads: int | None
    open_fds: int | None
    name: str
    command: tuple[str, ...] | None


class ProcessTable:
    """A system whose processes are those of a table; a test changes `rows` as it likes."""

    def __init__(self, *rows: Row) -> None:
        self.rows = {row.pid: row for row in rows}
        # Whose command line was read, in order.
        self.read: list[int] = []
        # Who is in another container's network.
        self.elsewhere: set[int] = set()

    @classmethod
    def load(cls, name: str) -> ProcessTable:
        """A table of tests/fixtures/proc."""
        lines = (TABLES / f"{name}.txt").read_text().splitlines()
        return cls(*(row(line) for line in lines if not line.startswith("#")))

    def change(self, pid: int, **fields: object) -> None:
        """Gives a process other values."""
        self.rows[pid] = replace(self.rows[pid], **fields)  # type: ignore[arg-type]

    def pids(self) -> Collection[int]:
        """All."""
        return list(self.rows)

    def command(self, pid: int) -> Sequence[str]:
        """As in the table."""
        self.read.append(pid)
        command = self._row(pid).command
        if command is None:
            raise psutil.AccessDenied(pid)
        return command

    def name(self, pid: int) -> str:
        """As in the table; - is not permitted."""
        if self._row(pid).name == "-":
            raise psutil.AccessDenied(pid)
        return self._row(pid).name

    def parent(self, pid: int) -> int:
        """As in the table."""
        return self._row(pid).parent

    def identity(self, pid: int) -> tuple[int, float]:
        """Its pid and its start."""
        return pid, self._row(pid).started

    def shares_network(self, pid: int) -> bool:
        """All but those that a test has put elsewhere."""
        return pid not in self.elsewhere

    def usage(self, pid: int) -> Usage:
        """As in the table."""
        one = self._row(pid)
        return Usage(self.identity(pid), one.cpu, one.resident, one.threads, one.open_fds, one.started)

    def _row(self, pid: int) -> Row:
        if pid not in self.rows:
            raise psutil.NoSuchProcess(pid)
        return self.rows[pid]


def row(line: str) -> Row:
    """A line of a table."""
    pid, parent, started, cpu, *counts, name, command = line.split(" ", 8)
    words = None if command == "-" else () if command == "[]" else tuple(command.split(" "))
    resident, threads, fds = (None if word == "-" else int(word) for word in counts)
    seconds = None if cpu == "-" else float(cpu)
    return Row(int(pid), int(parent), float(started), seconds, resident, threads, fds, name, words)
