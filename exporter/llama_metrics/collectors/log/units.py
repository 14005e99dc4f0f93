"""Go's ways to write durations and sizes."""

from __future__ import annotations

import re

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)(h|ms|m|s|us|µs|μs|ns)")
_DURATION = re.compile(rf"-?(?:{_PART.pattern}){{1,6}}")
_SIZES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) (B|[KMGT]iB)")


def seconds(text: str) -> float | None:
    """`1m2.5s` -> 62.5. None for what is no duration."""
    only = _PART.fullmatch(text)
    if only:
        return float(only[1]) * _UNITS[only[2]]
    if text == "0":
        return 0.0
    if not _DURATION.fullmatch(text):
        return None
    total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    return -total if text.startswith("-") else total


def size(text: str) -> int | None:
    """`24.0 GiB` -> 25769803776. None for what is no size."""
    found = _SIZE.fullmatch(text)
    return round(float(found[1]) * _SIZES[found[2]]) if found else None
