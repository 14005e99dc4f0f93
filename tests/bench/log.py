"""Reading Ollama's log, beside mtail and grep on the same file."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from llama_metrics.collectors.log.follower import Follower
from llama_metrics.collectors.log.sources.file import FileSource
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.directory import Directory
from tests.bench.table import Row
from tests.support.collectors import context
from tests.support.waiting import until
from tools.binaries import locate_mtail

_RECORDED = Path(__file__).parents[1] / "fixtures" / "ollama" / "0.33.0-rc2" / "logs"
# What a busy server writes: loads, requests of one and of two models, several slots.
_SCENARIOS = ("single_model", "two_models", "parallel4", "prompt_cache", "truncation", "metrics_parallel", "queue_full")
_LINES, _COPIES, _ROUNDS = 1_000_000, 10, 3
_IDLE_SECONDS = 20.0
_PROGRAM = Path(__file__).parent / "log.mtail"
# As mtail has to match what the collector matches, so has grep.
_PATTERN = r"^(\[GIN\]|slot .*(new prompt|eval time|stop processing|context shift)|time=|srv .*cancel task)"


def measure(folder: Path) -> Iterator[Row]:
    """Reading the log: speed, memory, idling and delay. Takes about two minutes."""
    prepared = folder / "prepared.log"
    text = b"".join((_RECORDED / f"{name}.log").read_bytes() for name in _SCENARIOS)
    repeats = _LINES // text.count(b"\n") + 1
    with prepared.open("wb") as file:
        for _ in range(repeats):
            file.write(text)
    lines = text.count(b"\n") * repeats
    yield from _speed(prepared, folder, lines)
    yield from _memory(prepared, folder, lines)
    (folder / "idle.log").write_bytes(text)
    idle = _child("idle", folder / "idle.log", _IDLE_SECONDS)
    cpu, waiting = idle["cpu"] * 100, idle["waiting"] * 100
    detail = f"{_IDLE_SECONDS:g} s, nothing written: {cpu:.3f} %, of which {waiting:.3f} % is to wake up as often"
    yield Row("CPU of an idle follower, above that of waiting", cpu - waiting, 0.1, "% of a core", detail)
    delays = sorted(_delays(folder / "delay.log", 20))
    yield Row("from written to counted", delays[-1], 1.0, "s", f"the longest of 20; median {median(delays):.2f} s")


def _speed(prepared: Path, folder: Path, lines: int) -> Iterator[Row]:
    mtail = locate_mtail()
    if mtail is None:
        raise SystemExit("make bench compares with mtail, and Debian's package of it cannot be had here")
    ours, theirs, greps = [], [], []
    for _ in range(_ROUNDS):
        result = _child("read", folder / "followed.log", prepared, 1)
        ours.append(result["rate"])
        theirs.append(lines / (_mtail(mtail, prepared, result["generated"]) - _mtail(mtail, Path("/dev/null"), 0)))
        begun = time.perf_counter()
        subprocess.run(["grep", "-cE", _PATTERN, prepared], check=True, capture_output=True)
        greps.append(lines / (time.perf_counter() - begun))
    told = f"{median(ours):,.0f} lines/s; mtail {median(theirs):,.0f}, grep -cE {median(greps):,.0f}; {lines:,} lines"
    for what, others, budget in (("mtail's", theirs, 1 / 3), ("grep -c's", greps, 15.0)):
        ratio = median(other / own for own, other in zip(ours, others, strict=True))
        yield Row(f"time for a log, beside {what}", ratio, budget, "x", f"median of {_ROUNDS}; {told}")


def _memory(prepared: Path, folder: Path, lines: int) -> Iterator[Row]:
    result = _child("read", folder / "followed.log", prepared, _COPIES)
    # Each copy has a line of its own at either end.
    if result["lines"] != (lines + 2) * _COPIES:
        raise SystemExit(f"{result['lines']:,} lines were counted of {(lines + 2) * _COPIES:,}")
    first, last = result["resident"][0], result["resident"][-1]
    detail = f"{first / 1e6:.1f} MB after {lines:,} lines, {last / 1e6:.1f} MB after {result['lines']:,}"
    yield Row("memory that ten million lines add", (last - first) / 1e6, 2.0, "MB", detail)


def _mtail(program: Path, file: Path, generated: float) -> float:
    """Seconds that mtail takes, having counted as many tokens as we did."""
    options = ["-progs", str(_PROGRAM), "-logs", str(file), "-address", "127.0.0.1", "-port", "0", "-logtostderr"]
    begun = time.perf_counter()
    said = subprocess.run([program, "-one_shot", *options], check=True, capture_output=True)
    seconds = time.perf_counter() - begun
    found = json.loads(said.stdout)["generated_tokens_total"][0]["LabelValues"]
    if sum(one["Value"]["Value"] for one in found) != generated:
        raise SystemExit(f"mtail counted {found} generated tokens, and the collector {generated}")
    return seconds


def _child(*arguments: object) -> Any:
    command = [sys.executable, "-m", "tests.bench.following", *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def _delays(file: Path, count: int) -> Iterator[float]:
    """Seconds from a line's writing until the collector has counted it."""
    file.touch()
    nobody = Client("http://127.0.0.1:9", {})
    follower = Follower(FileSource(str(file)), Directory(nobody, time.monotonic), context())
    try:
        for number in range(1, count + 1):
            time.sleep(number * 0.617 % 0.25)  # not in step with the follower's own looks at the file
            with file.open("ab") as log:
                log.write(b'time=2026-11-21T06:39:45.087Z level=INFO source=x msg="x"\n')
            written = time.monotonic()
            until(lambda: follower.read(time.monotonic() + 2).parsed >= number, pause=0.005)  # noqa: B023  called at once
            yield time.monotonic() - written
    finally:
        follower.close()
