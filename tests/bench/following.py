"""A child process that follows logs, so that its time and memory are of nothing else. Prints one JSON object.

python -m tests.bench.following read PATH PREPARED COUNT   reads COUNT copies of PREPARED as PATH, one after the other
python -m tests.bench.following idle PATH SECONDS          follows PATH, to which nobody writes
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import psutil

from llama_metrics.collectors.log.lines import Lines
from llama_metrics.collectors.log.metrics import GENERATED_TOKENS
from llama_metrics.collectors.log.sources.file import FileSource
from llama_metrics.collectors.log.tally import Tally
from llama_metrics.errors import Unreachable
from llama_metrics.metrics import Family

# As long as the follower waits until it looks again.
_TURN = 0.5


def read(path: Path, prepared: Path, count: int) -> dict[str, object]:
    """Lines a second over the first copy, and resident memory after each, in bytes."""
    path.unlink(missing_ok=True)
    source, lines, tally = FileSource(str(path)), Lines(), Tally()
    try:
        source.read(0)
    except Unreachable:
        # It was not there when it was opened, so each copy of it is counted from its beginning.
        tally.begin()
    copy, seconds, seen, resident = path.with_suffix(".copy"), 0.0, 0, []
    for number in range(count):
        # No two logs are alike in their dates; one that was would be taken for a copy of what was read.
        with copy.open("wb") as file, prepared.open("rb") as original:
            file.write(b"%d\n" % number)
            shutil.copyfileobj(original, file, 2**20)
            file.write(b"%d\n" % number)
        size = copy.stat().st_size
        copy.replace(path)
        left, begun = size, time.perf_counter()
        while left:
            block = source.read(0.01)
            if block:
                tally.feed(lines.parse(block.text))
                left -= len(block.text)
                seen += block.text.count(b"\n")
        seconds = seconds or time.perf_counter() - begun
        resident.append(psutil.Process().memory_info().rss)
    families = tally.families(tally.models())
    tokens = next(one for one in families if isinstance(one, Family) and one.metric.name == GENERATED_TOKENS.name)
    return {
        "lines": seen,
        "rate": seen / count / seconds,
        "resident": resident,
        "generated": sum(value for _, value in tokens.samples),
    }


def idle(path: Path, seconds: float) -> dict[str, object]:
    """CPU seconds a second of following, and of only waiting as often."""
    source = FileSource(str(path))
    source.read(0)
    # What waking up costs differs from machine to machine, and on a shared one from minute to minute: in turns.
    followed = waited = 0.0
    end = time.monotonic() + 2 * seconds
    while time.monotonic() < end:
        begun = time.process_time()
        source.read(_TURN)
        between = time.process_time()
        time.sleep(_TURN)  # what following is compared with
        followed, waited = followed + between - begun, waited + time.process_time() - between
    return {"cpu": followed / seconds, "waiting": waited / seconds}


if __name__ == "__main__":
    command, path, *rest = sys.argv[1:]
    result = read(Path(path), Path(rest[0]), int(rest[1])) if command == "read" else idle(Path(path), float(rest[0]))
    sys.stdout.write(json.dumps(result))
