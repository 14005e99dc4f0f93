"""`llama-metrics simulate --powermetrics`: what it would print on a Mac that runs a scenario, on the wall clock."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import UTC, datetime
from typing import NoReturn

from llama_metrics.schema import Problems
from llama_metrics.simulate import files
from llama_metrics.simulate.power import Meter, document
from llama_metrics.simulate.run import failed

# Seconds that a sample of powermetrics is taken over.
_SAMPLE = 1.0


def main(scenario: str) -> int:
    """Prints what powermetrics would on a Mac that runs the scenario: a sample each second, from one second on.

    Ends like powermetrics: by SIGTERM or SIGINT, and at the next sample where nobody reads on. Says on standard error
    why it cannot begin, and gives the exit status.
    """
    try:
        loaded = files.load(files.find(scenario))
    except Problems as problems:
        return failed(*(f"{problem.path}: {problem.message}" for problem in problems.problems))
    # Python ignores it, and would tell of a closed pipe in many lines.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # At once: a reader that has stopped reading holds back a write for as long as it likes.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    start, meter, separator = time.monotonic(), Meter(loaded, datetime.now(UTC)), b""
    while True:
        time.sleep(_SAMPLE)  # a sample is taken over this time, and told at its end
        _print(separator + document(meter.until(time.monotonic() - start), meter.booted))
        # Between two samples, and not behind the last one.
        separator = b"\0"


def _leave(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


def _print(text: bytes) -> None:
    """All of it, with nothing left for the interpreter to write at its end."""
    while text:
        text = text[os.write(sys.stdout.fileno(), text) :]
