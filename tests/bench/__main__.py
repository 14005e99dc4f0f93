"""Measures every budget, prints the table, and exits 1 where one is missed. Takes about ten minutes."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.bench import cpu, leaks, log, powermetrics, process, rules, runner, start, wall
from tests.bench.table import Row, render, status


def main() -> int:
    """Gives the exit status."""
    rows: list[Row] = []
    for module in (start, wall, cpu, process, runner, powermetrics, leaks, log, rules):
        sys.stderr.write(f"{module.measure.__doc__}\n")
        with tempfile.TemporaryDirectory() as folder:
            rows += module.measure(Path(folder))
    sys.stdout.write(f"Python {platform.python_version()}, {os.cpu_count()} cores\n{render(rows)}")
    return status(rows)


if __name__ == "__main__":
    raise SystemExit(main())
