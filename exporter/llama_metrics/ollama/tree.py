"""read: which processes are Ollama's. Remembered between scrapes, for reading 500 command lines each time costs.

A process is looked at again after as long a time as it is known: a child is a copy of its parent until it becomes what
it was started for, a script may wait for a disk before it becomes Ollama, and a pid may have got another owner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psutil

from llama_metrics.errors import TimedOut
from llama_metrics.ollama.processes import Role, role_of
from llama_metrics.system.processes import Processes

# Between two looks at a process, at the most, and half of it for some, so that not all have their turn at once.
_LONGEST = 1200.0
_SPREAD = 16
_DEEPEST = 32
_SERVER = "ollama"


@dataclass(frozen=True, slots=True)
class Member:
    """A process of Ollama; `is_old` if it was there when we began."""

    pid: int
    role: Role
    is_old: bool


class Tree:
    """The servers, and those of their descendants that are runners. A runner stays one when its server has ended.

    Args:
        processes: of the system.
        monotonic: the clock that deadlines are told in.

    """

    def __init__(self, processes: Processes, monotonic: Callable[[], float]) -> None:
        self._processes, self._monotonic = processes, monotonic
        # When each process was first seen, and when it is looked at again.
        self._since: dict[int, float] = {}
        self._due: dict[int, float] = {}
        self._old: set[int] | None = None
        # What each command line claims, and whose claim is true.
        self._claims: dict[int, Role] = {}
        self._members: dict[int, Member] = {}
        # Whose command line is read, while it is still open what to make of it.
        self._unjudged: set[int] = set()
        # Whose command line is not permitted to see, and who may be a server.
        self._hidden: set[int] = set()
        self._is_init_visible = True

    @property
    def members(self) -> tuple[Member, ...]:
        """As of the last look."""
        return tuple(self._members.values())

    @property
    def is_hidden(self) -> bool:
        """Whether there may be a server that we are not permitted to see."""
        return bool(self._hidden) or not self._is_init_visible

    def look(self, deadline: float) -> None:
        """Finds out who came and who went. Raises TimedOut where not all is known in time; the next look goes on."""
        now = self._monotonic()
        pids = set(self._processes.pids())
        # Where Linux hides the processes of others (hidepid), not even the first one is listed.
        self._is_init_visible = 1 in pids
        for pid in self._since.keys() - pids:
            self.forget(pid)
        for pid in pids - self._since.keys():
            self._since[pid] = self._due[pid] = now
        if self._old is None:
            self._old = pids
        # All are read before one is judged, for that takes the claims of its parents.
        for pid in [pid for pid, due in self._due.items() if due <= now and pid not in self._unjudged]:
            self._expect_time(deadline)
            self._read_claim(pid)
            self._unjudged.add(pid)
        for pid in sorted(self._unjudged):
            self._expect_time(deadline)
            self._judge_claim(pid)
            self._unjudged.remove(pid)
            self._due[pid] = now + min(now - self._since[pid], _LONGEST) * _part(pid)

    def forget(self, pid: int) -> None:
        """It has ended; one that has its pid now is a new one."""
        for kept in (self._since, self._due, self._claims, self._members):
            kept.pop(pid, None)
        self._hidden.discard(pid)
        self._unjudged.discard(pid)
        if self._old:
            self._old.discard(pid)

    def _expect_time(self, deadline: float) -> None:
        if self._monotonic() >= deadline:
            raise TimedOut(
                f"looking for Ollama's processes: not all of {len(self._due)} could be looked at in time; the next"
                " scrape goes on from there"
            )

    def _read_claim(self, pid: int) -> None:
        role = None
        self._hidden.discard(pid)
        try:
            role = role_of(self._processes.command(pid))
        except psutil.AccessDenied:
            if self._may_be_server(pid):
                self._hidden.add(pid)
        except psutil.NoSuchProcess:
            # It has ended just now, or is a zombie.
            pass
        if role:
            self._claims[pid] = role
        else:
            self._claims.pop(pid, None)

    def _may_be_server(self, pid: int) -> bool:
        try:
            return self._processes.name(pid) == _SERVER
        except psutil.AccessDenied:
            return True
        except psutil.NoSuchProcess:
            return False

    def _judge_claim(self, pid: int) -> None:
        role, member = self._claims.get(pid), self._members.get(pid)
        if member and member.role == role:
            return
        self._members.pop(pid, None)
        # A server that a server has started is about to become a runner.
        if role and self._is_below_server(pid) == (role.kind == "runner"):
            self._members[pid] = Member(pid, role, is_old=pid in (self._old or ()))

    def _is_below_server(self, pid: int) -> bool:
        for _ in range(_DEEPEST):
            try:
                pid = self._processes.parent(pid)
            except psutil.Error:
                return False
            claim = self._claims.get(pid)
            if (claim and claim.kind == "server") or pid in self._hidden:
                return True
            if not pid:
                break
        return False


def _part(pid: int) -> float:
    """0.5 to 1, another one for neighbours."""
    return 0.5 + pid % _SPREAD / (2 * _SPREAD)
