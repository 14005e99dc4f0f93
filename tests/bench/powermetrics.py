"""Listening to powermetrics: what the stream costs in our process."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from llama_metrics.collectors.powermetrics.listener import Listener
from llama_metrics.collectors.powermetrics.stream import Stream
from tests.bench.table import Row
from tests.support.collectors import context
from tests.support.waiting import until

_SECONDS = 15
# As -b 0 has it: every line is a write of its own, with some work before the next. Who reads each as it comes is woken
# two thousand times a document, and pays for that twice what the parsing costs.
_PROGRAM = """
import os, sys, time
lines = open(sys.argv[1], "rb").read().splitlines(keepends=True)
due = time.monotonic()
while True:
    for line in lines:
        os.write(1, line)
        for _ in range(400):
            pass
    os.write(1, b"\\0")
    due += 1
    time.sleep(max(0, due - time.monotonic()))  # a sample a second
"""


def measure(folder: Path) -> Iterator[Row]:
    """The stream of powermetrics: CPU at a sample a second. Takes about twenty seconds."""
    stream = Stream(command(folder), 1.0, "bench", time.monotonic)
    stream.start()
    listener = Listener(stream, 1.0, context())

    def samples() -> int:
        return listener.read(time.monotonic()).samples

    try:
        # What runs only once (imports at first use) is no part of it.
        begin = until(lambda: samples() if samples() > 1 else None)
        used, begun = time.process_time(), time.monotonic()
        time.sleep(_SECONDS)  # a span of time is what is measured
        used, seconds = time.process_time() - used, time.monotonic() - begun
        count = samples() - begin
    finally:
        listener.close()
    if abs(count - _SECONDS) > 1:
        raise SystemExit(f"{count} samples were read in {seconds:.0f} s")
    size = f"{len(_document()) / 1e3:.0f} kB"
    detail = f"{used / count * 1e3:.1f} ms a sample of {size}, written line by line; {count} samples"
    yield Row("CPU of a powermetrics stream, a sample a second", used / seconds * 100, 1.0, "% of a core", detail)


def command(folder: Path) -> tuple[str, ...]:
    """A program that prints a long sample each second; `folder` holds the sample."""
    file = folder / "document.plist"
    file.write_bytes(_document())
    return (sys.executable, "-ISc", _PROGRAM, str(file))


def _document() -> bytes:
    """As long as that of a chip with six clusters of four cores, of which each lists its clocks."""
    states = "".join(
        f"<dict>\n<key>freq</key><integer>{600 + 180 * step}</integer>\n"
        f"<key>used_ns</key><integer>{step * 7919}</integer>\n"
        f"<key>used_ratio</key><real>0.0{step}1234</real>\n</dict>\n"
        for step in range(14)
    )
    clocks = (
        "<key>freq_hz</key><real>1.1e+09</real>\n<key>idle_ns</key><integer>750000000</integer>\n"
        f"<key>idle_ratio</key><real>0.75</real>\n<key>dvfm_states</key>\n<array>\n{states}</array>\n"
    )
    cores = "".join(f"<dict>\n<key>cpu</key><integer>{core}</integer>\n{clocks}</dict>\n" for core in range(4))
    clusters = "".join(
        f"<dict>\n<key>name</key><string>P{number}-Cluster</string>\n{clocks}<key>cpus</key>\n<array>\n{cores}</array>\n"
        "</dict>\n"
        for number in range(6)
    )
    rails = "".join(
        f"<key>{rail}_energy</key>\n<integer>1500</integer>\n<key>{rail}_power</key>\n<real>1500</real>\n"
        for rail in ("cpu", "gpu", "ane")
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0">\n<dict>\n'
        "<key>elapsed_ns</key><integer>1000000000</integer>\n<key>processor</key>\n<dict>\n"
        f"<key>clusters</key>\n<array>\n{clusters}</array>\n{rails}</dict>\n"
        f"<key>thermal_pressure</key><string>Nominal</string>\n<key>gpu</key>\n<dict>\n{clocks}</dict>\n"
        "</dict>\n</plist>\n"
    ).encode()
