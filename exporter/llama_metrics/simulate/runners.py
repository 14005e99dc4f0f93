"""The processes of a simulated Ollama, as its simulator has them: started, told what they work on, ended."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterable

from llama_metrics.simulate.event import Event, Work
from llama_metrics.simulate.loads import MODELS, blob, port
from llama_metrics.simulate.residents import Resident
from llama_metrics.simulate.serve import PROGRAMS, PYTHON, tell
from llama_metrics.simulate.slots import Job, as_told
from llama_metrics.simulate.wording import is_upstream

# An `ollama serve` that somebody has stopped ends nothing.
_PATIENCE = 5.0
_FORGOTTEN = 60.0


class Runners:
    """An `ollama serve` while it is up, and below it a runner for each model in memory.

    `start` is when the scenario began, on the clock that all processes share.
    """

    def __init__(self, version: str, start: float) -> None:
        self._is_old, self._start = not is_upstream(version), start
        self._serve: subprocess.Popen[bytes] | None = None
        self._running: set[tuple[str, float]] = set()
        # What a runner is to be told that is not there yet.
        self._early: dict[tuple[str, float], list[Job]] = {}
        self._lock = threading.Lock()

    def follow(self, residents: Iterable[Resident], now: float, *, up: bool) -> None:
        """Makes them those that there should be at that moment; to be called often."""
        if not up:
            self.end()
            return
        with self._lock:
            self._follow(residents, now)

    def _follow(self, residents: Iterable[Resident], now: float) -> None:
        self._serve = self._serve or _serve()
        ours = [one for one in residents if one.loaded.model.format != "safetensors"]
        here = {(one.name, one.started): one for one in ours if one.started - one.loaded.seconds <= now}
        # One that has the slot of a runner before it waits for that one.
        waiting = {one.name for one in ours} - {name for name, _ in here}
        for key in self._running - here.keys():
            if key[0] not in waiting:
                self._send(key, {})
                self._running.discard(key)
        for key in here.keys() - self._running:
            self._begin(key, here[key])
            self._running.add(key)
        # Of MLX, which has no runner here, and of one that went before it came.
        old = self._start + now - _FORGOTTEN
        self._early = {key: jobs for key, jobs in self._early.items() if jobs[-1].began > old}

    def tell(self, event: Event) -> None:
        """Of work that begins."""
        work = event.work
        if not work:
            return
        key, job = (work.model, work.runner), Job(self._start + event.at, work)
        with self._lock:
            if key in self._running:
                self._send(key, {"tell": as_told(job)})
            else:
                self._early.setdefault(key, []).append(job)

    def end(self) -> None:
        """All of them."""
        with self._lock:
            serve, self._serve, self._running = self._serve, None, set()
        if serve:
            try:
                # It ends them, and itself, when nobody holds its input.
                serve.communicate(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                serve.kill()
                serve.communicate()

    def _begin(self, key: tuple[str, float], one: Resident) -> None:
        file = f"{MODELS}/blobs/{blob(one.name)}"
        about = {"blob": file, "context": one.loaded.context, "ready": self._start + one.started}
        self._send(key, {"start": about, "port": port(*key), "is_old": self._is_old})
        if one.busy:
            # A request that has no end, and no line in the log.
            endless = Work(math.inf, 0, one.name, one.started, 0, 100, 0, 2**31 - 1, 0)
            self._early.setdefault(key, []).append(Job(self._start + one.since, endless))
        for job in self._early.pop(key, []):
            self._send(key, {"tell": as_told(job)})

    def _send(self, key: tuple[str, float], told: dict[str, object]) -> None:
        if self._serve:
            tell(self._serve, {"runner": f"{key[0]} {key[1]}", **told})


def _serve() -> subprocess.Popen[bytes]:
    """Python under another name: it has to be told where it is, for it would look around itself under that name."""
    home = os.pathsep.join((sys.base_prefix, sys.base_exec_prefix))
    here = {"PYTHONHOME": home, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), PYTHON: sys.executable}
    return subprocess.Popen(
        ["ollama", "serve"],  # noqa: S607  its path is `executable`
        executable=sys.executable,
        cwd=PROGRAMS,
        env=os.environ | here,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        # Ctrl-C is for the simulator.
        start_new_session=True,
    )
