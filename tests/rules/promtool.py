"""Running promtool: the newest that judges, and the oldest on which the rules must load and act alike."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def check(promtool: Path, files: Sequence[Path]) -> subprocess.CompletedProcess[str]:
    """`check rules` with every lint fatal."""
    return _run([str(promtool), "check", "rules", "--lint=all", "--lint-fatal", *map(str, files)])


def test(promtool: Path, files: Sequence[Path]) -> list[str]:
    """`test rules` on the files, side by side: what it says of each, beginning with SUCCESS or FAILED."""
    processors = os.cpu_count() or 1
    # Some files take long: with several parts for each, no processor waits long for another's last.
    count = min(4 * processors, len(files))
    # A case of days waits for the disk as long as it computes, once for each day: two processes a processor.
    with ThreadPoolExecutor(2 * processors) as pool:
        verdicts = list(pool.map(lambda first: _verdicts(promtool, files[first::count]), range(count)))
    return [verdicts[number % count][number // count] for number in range(len(files))]


def _verdicts(promtool: Path, files: Sequence[Path]) -> list[str]:
    done = _run([str(promtool), "test", "rules", *map(str, files)])
    # Some versions name the file before their verdict and some do not: only the order of the verdicts tells.
    verdicts = re.split(r"^  (?=SUCCESS|FAILED)", done.stdout, flags=re.MULTILINE)[1:]
    if len(verdicts) != len(files):
        raise RuntimeError(f"promtool test rules judged {len(verdicts)} of {len(files)} files:\n{done.stdout[-2000:]}")
    return verdicts


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    # It lives for seconds and makes a database for each case: a fifth of its time goes into collecting garbage.
    environment = {**os.environ, "GOGC": "400"}
    # One stream: its verdicts go to standard output, its complaints to standard error, in turns.
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=environment
    )
