"""A powermetrics that prints what a test tells it to, run as a child process like the real one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

FIXTURES = Path(__file__).parents[1] / "fixtures" / "powermetrics"

# Its acts are lines in a file. What one run has taken, the next one does not do again.
_PROGRAM = """#!{python} -IS
import json, os, signal, sys, time
here = {here!r}
def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
with open(here + "/runs", "a+") as runs:
    runs.seek(0)
    alone = not any(is_alive(json.loads(line)["pid"]) for line in runs)
    runs.write(json.dumps({{"pid": os.getpid(), "arguments": sys.argv[1:], "alone": alone}}) + "\\n")
if os.path.exists(here + "/stubborn"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
def taken():
    with open(here + "/taken") as file:
        return int(file.read())
while True:
    with open(here + "/acts") as acts:
        acts.seek(taken())
        line = acts.readline()
        if not line.endswith("\\n"):
            time.sleep(0.01)  # as a fake, it may look often
            continue
        with open(here + "/taken", "w") as file:
            file.write(str(acts.tell()))
    act, value = json.loads(line)
    if act == "exit":
        sys.exit(value)
    elif act == "write":
        os.write(1, value.encode("latin-1"))
    else:
        os.write(2, value.encode("latin-1"))
"""


def document(joules: float = 1.0, seconds: float = 1.0, cores_idle: float = 0.5) -> bytes:
    """A short sample of a Mac whose CPU took so much energy, and whose GPU took twice that."""
    rails = "".join(
        f"<key>{rail}_energy</key><integer>{round(energy * 1000)}</integer>\n"
        f"<key>{rail}_power</key><real>{energy * 1000 / seconds:g}</real>\n"
        for rail, energy in (("cpu", joules), ("gpu", 2 * joules), ("ane", 0.0))
    )
    core = f"<dict><key>cpu</key><integer>0</integer><key>idle_ratio</key><real>{cores_idle:g}</real></dict>\n"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0">\n<dict>\n'
        f"<key>is_delta</key><true/>\n<key>elapsed_ns</key><integer>{round(seconds * 1e9)}</integer>\n"
        "<key>processor</key>\n<dict>\n<key>clusters</key>\n<array>\n<dict>\n<key>name</key><string>E-Cluster</string>\n"
        f"<key>freq_hz</key><real>1.1e+09</real>\n<key>cpus</key>\n<array>\n{core}</array>\n</dict>\n</array>\n{rails}"
        "</dict>\n<key>thermal_pressure</key><string>Nominal</string>\n</dict>\n</plist>\n"
    ).encode()


class FakePowermetrics:
    """A powermetrics in a folder of the test's.

    Attributes:
        program: its path.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.program = str(folder / "powermetrics")
        Path(self.program).write_text(_PROGRAM.format(python=sys.executable, here=str(folder)))
        Path(self.program).chmod(0o755)
        (folder / "acts").touch()
        (folder / "taken").write_text("0")

    def write(self, output: bytes) -> None:
        """It prints this, at once."""
        self._act("write", output.decode("latin-1"))

    def complain(self, error: str) -> None:
        """It says this on standard error."""
        self._act("complain", error)

    def exit(self, status: int) -> None:
        """It ends, and the next run goes on behind this."""
        self._act("exit", status)

    def is_stubborn(self) -> None:
        """Later runs take no SIGTERM."""
        (self._folder / "stubborn").touch()

    def runs(self) -> list[list[str]]:
        """The arguments of every run so far."""
        return [json.loads(line)["arguments"] for line in self._lines()]

    def pids(self) -> list[int]:
        """The process id of every run so far."""
        return [int(json.loads(line)["pid"]) for line in self._lines()]

    def were_alone(self) -> bool:
        """Whether every run began after those before it had ended."""
        return all(json.loads(line)["alone"] for line in self._lines())

    def _act(self, act: str, value: object) -> None:
        with (self._folder / "acts").open("a") as acts:
            acts.write(json.dumps([act, value]) + "\n")

    def _lines(self) -> list[str]:
        runs = self._folder / "runs"
        return runs.read_text().splitlines() if runs.exists() else []
