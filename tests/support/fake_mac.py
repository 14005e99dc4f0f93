"""A Mac below a folder: its tools are real programs that do what a test says."""

from __future__ import annotations

import shlex
from pathlib import Path

from llama_metrics.system.machine import Machine
from tests.conftest import ROOT

MACS = ROOT / "tests" / "fixtures" / "macos" / "hand-made"

_TOOLS = {
    "sysctl": (
        "usr/sbin/sysctl",
        "kern.memorystatus_vm_pressure_level iogpu.wired_limit_mb debug.iogpu.wired_limit",
        "sysctl.txt",
    ),
    "ioreg": ("usr/sbin/ioreg", "-a -r -d 1 -w 0 -c IOAccelerator", "ioreg.plist"),
    "vm_stat": ("usr/bin/vm_stat", "", "vm_stat.txt"),
    "notifyutil": ("usr/bin/notifyutil", "-g com.apple.system.thermalpressurelevel", "notifyutil.txt"),
}


class FakeMac:
    """A machine whose tools print the texts of the fixture `mac`, where they are asked as they should be."""

    def __init__(self, root: Path, mac: str = "m4_laptop") -> None:
        self.root = root
        for tool, (_, words, file) in _TOOLS.items():
            text, unknown = MACS / mac / file, MACS / mac / f"{tool}.stderr.txt"
            # A real sysctl says which names it does not know, and ends with 1.
            also = f"cat {shlex.quote(str(unknown))} >&2; exit 1" if unknown.exists() else "exit 0"
            asked = f'[ "$*" = {shlex.quote(words)} ] || exit 64'
            self.script(tool, f"{asked}\ncat {shlex.quote(str(text))}\n{also}")

    def script(self, tool: str, lines: str) -> Path:
        """Puts another program in a tool's place."""
        file = self.path(tool)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Not written over: a program that is running cannot be.
        file.unlink(missing_ok=True)
        file.write_text(f"#!/bin/sh\n{lines}\n")
        file.chmod(0o755)
        return file

    def path(self, tool: str) -> Path:
        """Where a tool is."""
        return self.root / _TOOLS[tool][0]

    def prints(self, tool: str, text: bytes) -> None:
        """Lets a tool print this."""
        file = self.root / f"{tool}.printed"
        file.write_bytes(text)
        self.script(tool, f"cat {shlex.quote(str(file))}")

    def machine(self, system: str = "Darwin") -> Machine:
        """It, as a collector takes it. Nothing else is run on it."""
        return Machine(system=system, user="me", home=self.root, environ={}, run=lambda _: None, root=self.root)
