"""The process that looks like `ollama serve`, and starts and ends runners. The simulator tells it which, line by line.

It ends with the simulator, however that ends: then nobody holds the other end of its input any more. So do its runners.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
# Under its false name Python does not find itself.
PYTHON = "SIMULATED_BY"


def main() -> None:
    """Does what it is told until its input ends."""
    runners: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for line in sys.stdin:
            told = json.loads(line)
            name = told["runner"]
            if "start" in told:
                runners[name] = _started(told["start"], told["port"], is_old=told["is_old"])
            elif name in runners and "tell" in told:
                tell(runners[name], told["tell"])
            elif name in runners:
                # As Ollama does.
                runners.pop(name).kill()
    finally:
        for runner in runners.values():
            runner.kill()
        for runner in runners.values():
            runner.wait()


def _started(about: dict[str, object], port: int, *, is_old: bool) -> subprocess.Popen[bytes]:
    listener = _listener(port)
    taken = listener.getsockname()[1]
    options = ["--model", str(about["blob"]), "--port", str(taken)]
    if is_old:
        command = ["ollama", "runner", *options]
    else:
        command = ["llama-server", "-m", "llama_metrics.simulate.runner", *options, "--host", "127.0.0.1"]
        command += ["--no-webui", "--offline", "-c", str(about["context"]), "-np", "1"]
    runner = subprocess.Popen(  # noqa: S603  the command is ours
        command,
        executable=os.environ[PYTHON],
        cwd=PROGRAMS,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=[listener.fileno()],
    )
    tell(runner, {**about, "listener": listener.fileno()})
    listener.close()
    # Or one that somebody has killed would stay as a zombie.
    threading.Thread(target=runner.wait, daemon=True).start()
    return runner


def _listener(port: int) -> socket.socket:
    """On the port that the log names, or on another one where that is taken."""
    for wanted in (port, 0):
        try:
            return socket.create_server(("127.0.0.1", wanted))
        except OSError:
            continue
    raise OSError("no port is free")


def tell(process: subprocess.Popen[bytes], told: object) -> None:
    """One line for its input; lost if it is dead, or stands still and has not read for long. Nobody waits for it."""
    assert process.stdin is not None  # noqa: S101  PIPE was asked for
    os.set_blocking(process.stdin.fileno(), False)
    try:
        os.write(process.stdin.fileno(), json.dumps(told).encode() + b"\n")
    except (BrokenPipeError, BlockingIOError):
        # Somebody has killed or stopped it; Ollama would not know either, and no line is torn: all are short.
        return
