"""Real processes with the command lines of Ollama's: shells that stand still, below a shell that stands for the server.

A program is free in what it calls itself, so the shell is told to be `ollama`. Its first word is a script of that
name, `serve` or `runner`, in a folder of the test's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

_SHELL = "/bin/sh"
# Each line that it reads is a child to start; it tells the child's pid. A child's input is empty, so it ends by itself
# only if it wants to.
_SERVE = 'while read -r line; do eval "$line" & echo $!; done\n'
_STAND_STILL = "kill -STOP $$"
# How a child becomes what it is: the shell's own exec knows no other name.
_BECOME = "import os, sys; os.execv('/bin/sh', sys.argv[1:])"
# A program that takes any words behind its script, as llama-server takes -c 4096.
_WORK = "i=0; while [ $i -lt {turns} ]; do i=$((i+1)); done; " + _STAND_STILL


class FakeServer:
    """An `ollama serve`, while it is entered, and whatever it started."""

    def __init__(self, folder: Path, program: str = "ollama") -> None:
        for name, script in {"serve": _SERVE, "runner": _STAND_STILL, "ps": _STAND_STILL}.items():
            (folder / name).write_text(script)
        self._folder, self._program = folder, program

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [self._program, "serve"],
            executable=_SHELL,
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):  # a test has ended it
            os.killpg(self.pid, signal.SIGKILL)
        self._process.communicate()

    @property
    def pid(self) -> int:
        """Its pid."""
        return self._process.pid

    def start(self, *command: str) -> int:
        """Starts a child with this command line, `ollama …` or a script's; gives its pid."""
        words = " ".join(f"'{word}'" for word in (sys.executable, "-c", _BECOME.replace("'", '"'), *command))
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"exec {words}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start_llama_server(self, *options: str, program: str = "llama-server", turns: int = 0) -> int:
        """Starts a child that works for so many turns and then stands still."""
        return self.start(f"/usr/local/lib/ollama/{program}", "-c", _WORK.format(turns=turns), *options)
