"""read: what the system tells of processes. Each question may raise psutil.Error: ended meanwhile, or not permitted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import psutil

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process uses; None where that is not permitted to see.

    Attributes:
        process: what tells it from a later one with the same pid.
        cpu: seconds, user and system.
        resident: bytes in RAM.
        threads: how many.
        open_fds: how many.
        started: seconds since 1970.

    """

    process: Hashable
    cpu: float | None
    resident: int | None
    threads: int | None
    open_fds: int | None
    started: float | None


class Processes(Protocol):
    """The processes of a system."""

    def pids(self) -> Collection[int]:
        """All that may be seen."""

    def command(self, pid: int) -> Sequence[str]:
        """Its command line; empty for a thread of the kernel."""

    def name(self, pid: int) -> str:
        """Its program, which more may see than may see the command line."""

    def parent(self, pid: int) -> int:
        """The pid of the one that started it; 0 where there is none."""

    def identity(self, pid: int) -> Hashable:
        """What tells it from a later one with the same pid."""

    def shares_network(self, pid: int) -> bool:
        """Whether its loopback is ours; that of a process in a container is not."""

    def usage(self, pid: int) -> Usage:
        """What it uses."""


class ThisSystem:
    """The real ones; `proc` is where Linux tells of them."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc

    def pids(self) -> Collection[int]:
        """As psutil lists them."""
        return psutil.pids()

    def command(self, pid: int) -> Sequence[str]:
        """The words of it."""
        return psutil.Process(pid).cmdline()

    def name(self, pid: int) -> str:
        """The file name of the program."""
        return psutil.Process(pid).name()

    def parent(self, pid: int) -> int:
        """Not by psutil's parents(), which compares start times and so reads every one of them."""
        return psutil.Process(pid).ppid()

    def identity(self, pid: int) -> psutil.Process:
        """The pid with its start. A zombie has ended: it holds nothing any more, and listens nowhere."""
        process = psutil.Process(pid)
        if _permitted(process.status) == psutil.STATUS_ZOMBIE:
            raise psutil.ZombieProcess(pid)
        return process

    def shares_network(self, pid: int) -> bool:
        """Linux has the same file for all of one network, and lets everybody see which; others have but one network."""
        try:
            theirs, ours = (self._proc / name / "net/tcp" for name in (str(pid), "self"))
            return theirs.samefile(ours)
        except OSError:
            # It has ended, or there is no /proc.
            return True

    def usage(self, pid: int) -> Usage:
        """All of it at once."""
        process = self.identity(pid)
        with process.oneshot():
            # Not memory_full_info: on macOS it can hang for ever on a process of another user.
            times, memory = _permitted(process.cpu_times), _permitted(process.memory_info)
            return Usage(
                process=process,
                cpu=times and times.user + times.system,
                resident=memory and memory.rss,
                threads=_permitted(process.num_threads),
                open_fds=_permitted(process.num_fds),
                started=_permitted(process.create_time),
            )


def _permitted(look: Callable[[], Answer]) -> Answer | None:
    try:
        return look()
    except psutil.AccessDenied:
        return None
