"""Where the past of a log file begins: at the last start of the server, for that is what now holds."""

from __future__ import annotations

import os
import re

from llama_metrics.collectors.log.sources.source import LONGEST_LINE

# Homebrew's log is never rotated. Whoever started longer ago than this has no start in it that is worth the search.
_FURTHEST = 64 * 1024 * 1024
_STEP = 1024 * 1024

_WORDS = b"server config"
# A prompt may hold the words, so the line must begin as Ollama's own lines do.
_START = re.compile(rb'\n(?:time=[^\n]{0,512} msg="server config"|\d{4}/\d\d/\d\d [^\n]{0,512} server config env=)')
_LONGEST_MATCH = 1024


def begin(descriptor: int, size: int) -> int:
    """Where the last line about the server's start begins, among the first `size` bytes.

    Where there is none in the last 64 MiB, where the first whole line of those begins.
    """
    floor = max(0, size - _FURTHEST)
    for end in range(size, floor, -_STEP):
        low = max(floor, end - _STEP)
        text = _with_byte_before(descriptor, low, min(size, end + _LONGEST_MATCH))
        if _WORDS in text:
            starts = [match.start() for match in _START.finditer(text)]
            if starts:
                return low + starts[-1]
    # Where no newline is found the line is overlong, and the splitter drops it.
    return floor + max(0, _with_byte_before(descriptor, floor, floor + LONGEST_LINE).find(b"\n"))


def _with_byte_before(descriptor: int, low: int, high: int) -> bytes:
    """The bytes from `low` to `high`, and the one before, which says whether a line begins at `low`."""
    return os.pread(descriptor, high - low + 1, low - 1) if low else b"\n" + os.pread(descriptor, high, 0)
