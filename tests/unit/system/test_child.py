"""A child process and its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llama_metrics.errors import NotPermitted, Unsupported
from llama_metrics.system.child import Child
from tests.support.waiting import until


def everything(child: Child) -> bytes:
    """Its output, to the end."""
    output = b""
    while chunk := until(lambda: child.read(0.1) or (b"end" if child.read(0) == b"" else None)):
        if chunk == b"end":
            return output
        output += chunk
    return output


def test_output_status_and_last_words() -> None:
    """Output comes as it is written; status and standard error at the end."""
    child = Child(["/bin/sh", "-c", "echo one; echo why >&2; exit 3"])

    assert everything(child) == b"one\n"
    assert child.end() == (3, "why")


def test_nothing_within_the_time_is_none() -> None:
    """And not the end of its output."""
    child = Child(["/bin/sh", "-c", "sleep 60"])

    assert child.read(0.01) is None
    assert child.end()[0] == -signal.SIGTERM


def test_who_closes_its_output_may_exit_by_itself() -> None:
    """Its own status says more than our signal."""
    child = Child(["/bin/sh", "-c", "exec >&-; sleep 0.1; exit 7"])
    until(lambda: child.read(0.1) == b"")

    assert child.end() == (7, "")


def test_one_that_takes_no_sigterm_is_killed() -> None:
    """After a second."""
    child = Child(["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"])
    until(lambda: child.read(0.1))

    assert child.end()[0] == -signal.SIGKILL


# Run by itself, for whoever gives up being root cannot take it back.
_ANOTHER_USER = """
import json, os, sys, time
from pathlib import Path
from llama_metrics.errors import Stale
from llama_metrics.system.child import Child
go = Path(sys.argv[1])
# It ends by itself, whatever becomes of the test.
wait = f"n=0; until [ -e {go} ] || [ $((n += 1)) -gt 1000 ]; do sleep 0.02; done"
child = Child(("/bin/sh", "-c", f"{wait}; echo 1; echo 2; sleep 30"))
if os.geteuid() == 0:
    os.setuid(65534)
ends = []
for _ in range(2):
    try:
        ends.append(child.end())
        break
    except Stale as error:
        ends.append(str(error))
print(json.dumps(ends), flush=True)
sys.stdin.readline()
deadline = time.monotonic() + 20
while time.monotonic() < deadline:
    try:
        print(json.dumps(child.end()))
        break
    except Stale:
        pass  # it has not ended yet, and end() may be called again
"""


def test_another_users_child_ends_at_its_next_write(tmp_path: Path) -> None:
    """No signal of ours reaches what sudo started: it is told by name, and ends when it finds that nobody reads it."""
    run = subprocess.Popen(
        [sys.executable, "-c", _ANOTHER_USER, str(tmp_path / "go")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdin is not None
    assert run.stdout is not None
    ends = json.loads(run.stdout.readline())
    if os.geteuid() != 0:
        # An ordinary user has no child but their own, which is ended at once.
        run.communicate("\n", timeout=30)
        assert ends[0] == [-signal.SIGTERM, ""]
        return
    (tmp_path / "go").touch()
    said, _ = run.communicate("\n", timeout=30)

    assert ends[0] == ends[1]
    assert "was told to end and still runs; end it with `sudo kill " in ends[0]
    assert json.loads(said)[0] == -signal.SIGPIPE


def test_a_program_that_cannot_be_run(tmp_path: Path) -> None:
    """Not there, or not permitted: each its own error."""
    (tmp_path / "text").touch()

    with pytest.raises(Unsupported, match="none is not installed here"):
        Child([str(tmp_path / "none")])
    with pytest.raises(NotPermitted, match="text cannot be run: permission denied"):
        Child([str(tmp_path / "text")])
