"""A journalctl that reads its records from a file, run as a child process like the real one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

# What journalctl 252 does with the options that matter: matches, --lines, --cursor, --follow, nulls without --all.
_PROGRAM = """#!{python} -IS
import json, os, sys, time
here = {here!r}
arguments = sys.argv[1:]
with open(here + "/runs", "a") as runs:
    runs.write(json.dumps({{"pid": os.getpid(), "arguments": arguments}}) + "\\n")
options = dict(one[2:].partition("=")[::2] for one in arguments if one.startswith("--"))
matches = [one.partition("=")[::2] for one in arguments if not one.startswith("--")]
exec(open(here + "/before.py").read())
written = 0
def records():
    global written
    with open(here + "/journal") as journal:
        journal.seek(written)
        found = [json.loads(line) for line in journal]
        written = journal.tell()
    return [one for one in found if all(one.get(key) == value for key, value in matches)]
def show(some):
    for one in some:
        if "all" not in options and len(one.get("MESSAGE") or "") > 4096:
            one["MESSAGE"] = None
        sys.stdout.write(json.dumps(one) + "\\n")
    sys.stdout.flush()
found = records()
if "cursor" in options:
    found = [one for one in found if int(one["__CURSOR"]) >= int(options["cursor"])]
elif "no-tail" not in options:
    found = found[-int(options.get("lines", 10)):]
show(found)
while "follow" in options:
    time.sleep(0.01)  # as a fake, it may look often; the real one is woken
    show(records())
"""


class FakeJournal:
    """The journal of one unit in a folder of the test's.

    Attributes:
        program: the path of the journalctl that reads it.

    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self.program = str(folder / "journalctl")
        Path(self.program).write_text(_PROGRAM.format(python=sys.executable, here=str(folder)))
        Path(self.program).chmod(0o755)
        (folder / "journal").touch()
        self.before("")

    def before(self, code: str) -> None:
        """What every later run does before it reads: `os`, `sys`, `time`, `options` and `here` are there."""
        (self._folder / "before.py").write_text(code)

    def add(self, message: object, **fields: object) -> None:
        """Another record; of the invocation `now`, unless it is said otherwise."""
        self._count += 1
        record = {"__CURSOR": str(self._count), "MESSAGE": message, "_SYSTEMD_INVOCATION_ID": "now", **fields}
        with (self._folder / "journal").open("a") as journal:
            journal.write(json.dumps(record) + "\n")

    def forget(self) -> None:
        """All records are gone, as after `journalctl --vacuum-time`."""
        (self._folder / "journal").write_text("")

    def runs(self) -> list[list[str]]:
        """The arguments of every run so far."""
        return [json.loads(line)["arguments"] for line in self._lines()]

    def pid(self) -> int:
        """The process id of the last run."""
        return int(json.loads(self._lines()[-1])["pid"])

    def _lines(self) -> list[str]:
        runs = self._folder / "runs"
        return runs.read_text().splitlines() if runs.exists() else []
