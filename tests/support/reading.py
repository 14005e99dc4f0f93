"""Reads a log source as the follower does, until a condition holds or the bound is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from llama_metrics.collectors.log.sources.source import LogSource
from llama_metrics.errors import SourceError

_BOUND = 20.0


@dataclass
class Read:
    """What has come out of a source: lines, and how they were marked; errors, each kind of message once in a row."""

    past: list[str] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    overlong: int = 0
    errors: list[SourceError] = field(default_factory=list)


def read_until(source: LogSource, done: Callable[[Read], bool], so_far: Read | None = None) -> Read:
    """Reads until `done`; fails where that does not come to be within a bound."""
    read = so_far or Read()
    ends = time.monotonic() + _BOUND
    while not done(read):
        assert time.monotonic() < ends, read
        try:
            block = source.read(0.02)
        except SourceError as error:
            if not read.errors or str(read.errors[-1]) != str(error):
                read.errors.append(error)
            continue
        if block is not None:
            lines = block.text.decode("utf-8", errors="surrogateescape").split("\n")
            assert lines.pop() == "", "whole lines"
            (read.past if block.past else read.live).extend(lines)
            read.overlong += block.overlong
    return read
