"""`make timed` with every wait divided by 60: the real programs, five faults, and a restart of each of the three."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.binaries import Binaries
from tools.timed_faults import HOSTS

ROOT = Path(__file__).parent.parent.parent


def timed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program as make starts it, with the folder as its working, home and temporary folder."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "tools.timed", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "HOME": str(folder), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_notification_comes_once_and_in_time(binaries: Binaries, tmp_path: Path) -> None:
    """Firing and resolved, through restarts of all three; two in one message; one is muted for as long as it must."""
    assert binaries
    process = timed(tmp_path, "quick")
    verdicts = re.findall(r"^(\w+) +(\w+) +(firing|resolved) .* (\S+)$", process.stdout, re.MULTILINE)
    restarts = re.findall(r"restarting (.*)$", process.stdout, re.MULTILINE)

    assert (process.returncode, process.stderr) == (0, ""), process.stdout
    assert {(host, status) for _, host, status, verdict in verdicts if verdict == "kept"} == {
        (host, status) for host in HOSTS for status in ("firing", "resolved")
    }
    assert ("OllamaFlapping", "flapping", "firing", "kept") in verdicts
    assert restarts == ["Prometheus", "Alertmanager", "exporters"]
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("arguments", [["slow"], ["quick", "quick"]])
def test_a_timetable_that_is_none_is_one_sentence(tmp_path: Path, arguments: list[str]) -> None:
    """Nothing is started, and the status is that of a bad command line."""
    process = timed(tmp_path, *arguments)

    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr == f"No such timetable: {' '.join(arguments)}; name one of shipped, quick.\n"
