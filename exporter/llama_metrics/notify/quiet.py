"""Quiet hours as a person writes them: `22:00-07:00 Europe/Berlin`."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from typing import Any

_HOURS = re.compile(r"(?P<start>\d\d:\d\d)\s*-\s*(?P<end>\d\d:\d\d)\s+(?P<zone>\S+)")
_MIDNIGHT = "24:00"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` until `end`, over midnight if `end` is earlier, on the clocks of `zone`."""

    start: str
    end: str
    zone: str

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """Raises ValueError for anything but two times and a time zone that this machine knows."""
        found = _HOURS.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{text!r} is not two times and a time zone, like 22:00-07:00 Europe/Berlin")
        start, end, zone = found.groups()
        for time in (start, end):
            if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", time):
                raise ValueError(f"{time} is no time of a day; midnight is 00:00")
        if start == end:
            raise ValueError(f"{text!r} begins and ends at the same time")
        try:
            # Alertmanager does not start with a zone that does not exist. "Local" is one for it, and not for us.
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{zone!r} is no time zone; write one like Europe/Berlin or UTC") from None
        return cls(start, end, zone)

    def interval(self, name: str) -> dict[str, Any]:
        """As Alertmanager reads it: a range of its own never goes over midnight."""
        ranges = [(self.start, self.end)]
        if self.end < self.start:
            ranges = [(self.start, _MIDNIGHT), ("00:00", self.end)]
        times = [{"start_time": start, "end_time": end} for start, end in ranges if start != end]
        return {"name": name, "time_intervals": [{"times": times, "location": self.zone}]}
