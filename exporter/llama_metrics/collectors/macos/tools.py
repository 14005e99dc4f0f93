"""macOS' own tools, asked at each scrape: four small programs, by their full paths, side by side.

Where one of them hangs, fails or prints what nobody understands, its own series are absent and the others stay; it
counts as one rejected reading, so that an alert tells of it, and `llama-metrics doctor` says which and why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from llama_metrics.collectors.macos import texts
from llama_metrics.errors import BadAnswer, SourceError, TimedOut, Unsupported
from llama_metrics.system.tools import Answer, ask

Parsed = TypeVar("Parsed")

# Below the root, for under launchd PATH is not what it is in a terminal.
_COMMANDS = {
    # By name, not `-n`: a name that this macOS does not have prints nothing, and the next value would take its place.
    "sysctl": ("usr/sbin/sysctl", texts.PRESSURE, texts.WIRED_LIMIT_MIB, texts.WIRED_LIMIT_BYTES),
    "ioreg": ("usr/sbin/ioreg", "-a", "-r", "-d", "1", "-w", "0", "-c", "IOAccelerator"),
    "vm_stat": ("usr/bin/vm_stat",),
    "notifyutil": ("usr/bin/notifyutil", "-g", texts.THERMAL),
}
# Left of the scrape's time for everything but waiting.
_MARGIN = 0.1


@dataclass(frozen=True, slots=True)
class Reading:
    """What the tools said; where one said nothing, its part is empty. `troubles` says why."""

    kernel: texts.Kernel = field(default_factory=texts.Kernel)
    gpu: texts.Gpu = field(default_factory=texts.Gpu)
    memory: texts.Memory = field(default_factory=texts.Memory)
    thermal: str | None = None
    troubles: tuple[SourceError, ...] = ()


class MacosSource:
    """The tools below `root`, asked within the time that `monotonic` tells."""

    def __init__(self, root: Path, monotonic: Callable[[], float]) -> None:
        self._commands = {name: (str(root / path), *words) for name, (path, *words) in _COMMANDS.items()}
        self._monotonic = monotonic
        self.rejected = 0

    def read(self, deadline: float) -> Reading:
        """What all of them say. Raises SourceError where none of them says anything."""
        answers = ask(self._commands, max(0.0, deadline - self._monotonic() - _MARGIN))
        said = _Said(answers)
        reading = Reading(
            kernel=said.parsed("sysctl", texts.parse_sysctl) or texts.Kernel(),
            gpu=said.parsed("ioreg", texts.parse_ioreg) or texts.Gpu(),
            memory=said.parsed("vm_stat", texts.parse_vm_stat) or texts.Memory(),
            thermal=said.parsed("notifyutil", texts.parse_notifyutil),
            troubles=tuple(said.troubles),
        )
        if not said.understood:
            raise _all_failed(said.troubles)
        self.rejected += sum(part.rejected for part in (reading.kernel, reading.gpu, reading.memory))
        self.rejected += len(reading.troubles)
        return reading

    def close(self) -> None:
        """Holds nothing open."""


class _Said:
    """Answers, and what came of them."""

    def __init__(self, answers: dict[str, Answer | SourceError]) -> None:
        self._answers = answers
        self.troubles: list[SourceError] = []
        self.understood = 0

    def parsed(self, name: str, parse: Callable[[bytes], Parsed]) -> Parsed | None:
        """What a tool said; None, and the reason in `troubles`, where it said nothing that can be used."""
        answer = self._answers[name]
        try:
            if isinstance(answer, Unsupported):
                # This macOS does not have the tool: absent, not failed.
                return None
            if isinstance(answer, SourceError):
                raise answer
            parsed = parse(_usable(name, answer))
        except SourceError as trouble:
            self.troubles.append(trouble)
            return None
        self.understood += 1
        return parsed


def _usable(name: str, answer: Answer) -> bytes:
    # sysctl ends with 1 where it does not know one of several names, and has printed the others.
    if answer.status == 0 or (name == "sysctl" and answer.status == 1 and answer.out):
        return answer.out
    said = f": {answer.said}" if answer.said else ""
    raise BadAnswer(f"{name} ended with status {answer.status}{said}")


def _all_failed(troubles: list[SourceError]) -> SourceError:
    if not troubles:
        return Unsupported(f"none of macOS' own tools is on this machine: {', '.join(_COMMANDS)}")
    kind = TimedOut if all(isinstance(trouble, TimedOut) for trouble in troubles) else BadAnswer
    return kind(f"none of macOS' own tools can be used: {', '.join(map(str, troubles))}")
