"""CPU seconds by label: each process's own steps, added up, so that no sum falls when a process ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Label = tuple[str, str]


@dataclass(slots=True)
class _Account:
    """One process: what it had used when it was last read, and what of that is in no sum yet."""

    read: float
    owed: float


class CpuSeconds:
    """The sums. What a process uses after it was last read is lost when it ends: nobody can read it then."""

    def __init__(self) -> None:
        self._accounts: dict[int, _Account] = {}
        self._sums: dict[Label, float] = {}

    @property
    def sums(self) -> Mapping[Label, float]:
        """Since we began, also of processes that have ended."""
        return self._sums

    def read(self, pid: int, seconds: float, *, is_old: bool) -> None:
        """What a process has used since it began. An old one used some of it before we did: that is left out."""
        account = self._accounts.setdefault(pid, _Account(seconds if is_old else 0.0, 0.0))
        account.owed += max(0.0, seconds - account.read)
        account.read = max(account.read, seconds)

    def begin(self, label: Label) -> None:
        """This sum exists from now on."""
        self._sums.setdefault(label, 0.0)

    def settle(self, labels: Mapping[int, Label]) -> None:
        """Adds what each process owes to its sum.

        A sum that is new is 0 this once, and gets it the next time: Prometheus counts no step before the first sample.
        """
        begun = {label for label in labels.values() if label not in self._sums}
        for label in begun:
            self.begin(label)
        for pid, label in labels.items():
            account = self._accounts.get(pid)
            if account and label not in begun:
                self._sums[label] += account.owed
                account.owed = 0.0

    def end(self, pid: int, label: Label) -> None:
        """A process has ended; what it owes goes to this sum."""
        account = self._accounts.pop(pid, None)
        if account and account.owed:
            self._sums[label] = self._sums.get(label, 0.0) + account.owed
