"""Starts the exporter as a service manager would, with the arguments of a shipped file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from llama_metrics.collectors import ALL


def start_and_stop(arguments: Sequence[str], home: Path, seconds: float) -> tuple[str, int]:
    """What it says until it listens, and its exit status after SIGTERM, which comes within `seconds`."""
    # Nothing of this machine is looked at, and nobody is asked.
    without_host = [f"--no-collector.{collector.name}" for collector in ALL if collector.scope == "host"]
    process = subprocess.Popen(
        [sys.executable, "-m", "llama_metrics", *arguments, *without_host],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # All that launchd and systemd give; a free port, because the usual one may be in use here.
        env={
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(home),
            "LLAMA_METRICS_LISTEN_ADDRESS": "127.0.0.1:0",
            "OLLAMA_HOST": "127.0.0.1:9",
        },
    )
    assert process.stderr is not None
    said = ""
    try:
        while "msg=listening" not in said and (line := process.stderr.readline()):
            said += line
        process.terminate()
        return said, process.wait(seconds)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
