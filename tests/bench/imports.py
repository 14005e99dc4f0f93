"""A process that imports what the exporter depends on and nothing else: the floor for its start and its memory."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

# cheroot alone is an empty shell; its server is what depends on cheroot means.
_PROGRAM = """
import sys
import cheroot.wsgi, msgspec, prometheus_client, psutil, requests, yaml
print(flush=True)
sys.stdin.read()
"""


def alone() -> tuple[float, int]:
    """Seconds from the start of the process to the end of its imports, and the bytes that are then in RAM."""
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        took = time.perf_counter() - began
        # Leaving the block closes its standard input, which ends it.
        return took, psutil.Process(process.pid).memory_info().rss
