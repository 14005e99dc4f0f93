"""Python's garbage, and the C library's pools of memory."""

from __future__ import annotations

import ctypes
import subprocess
import sys

_PROGRAM = """
import ctypes, threading
from llama_metrics.system.memory import spare_memory
{call}
together = threading.Barrier(20)
def work():
    kept = bytearray(100_000)
    together.wait(20)
threads = [threading.Thread(target=work) for _ in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
stats = getattr(ctypes.CDLL(None), "malloc_stats", None)
if stats: stats()
"""


_GARBAGE = """
import gc, weakref
from llama_metrics.system.memory import spare_memory
class Node: pass
{call}
gc.collect()
made = []
for _ in range(150):
    node = Node()
    node.itself = node
    made.append(weakref.ref(node))
print(sum(one() is not None for one in made))
"""


def test_garbage_is_found_soon() -> None:
    """Objects that know only themselves, as a failed request leaves them: without it, all of them lie there."""
    counts = [
        int(subprocess.run([sys.executable, "-c", _GARBAGE.format(call=call)], capture_output=True, text=True).stdout)
        for call in ("spare_memory()", "")
    ]

    assert counts[0] < 150 == counts[1]


def arenas(call: str) -> int:
    """How many pools twenty threads have got, as glibc prints it; 0 where the C library is another."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(call=call)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stderr.count("Arena ")


def test_threads_share_two_pools() -> None:
    """As many as there are threads without it. Where the C library is none of glibc's, it changes nothing."""
    is_glibc = hasattr(ctypes.CDLL(None), "malloc_stats") and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")

    assert (1 <= arenas("spare_memory()") <= 2) == is_glibc
    assert (arenas("") > 2) == is_glibc
