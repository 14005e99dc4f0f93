"""Durations as people write them in a configuration: 500ms, 15s, 1m30s, 2h, 1d."""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


class Duration(float):
    """Seconds, more than 0."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> Duration:
        """`1m30s` -> 90.0. Raises ValueError for anything but a positive duration with units."""
        if not isinstance(value, str) or not _WHOLE.fullmatch(value):
            raise ValueError(f"{value!r} is not a duration; write it with a unit, like 500ms, 15s or 1m30s")
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
        if not seconds:
            raise ValueError(f"{value!r} is no time at all; write a duration above 0")
        return cls(seconds)
