"""Quiet hours: as a person writes them, as Alertmanager reads them."""

from __future__ import annotations

import pytest

from llama_metrics.notify.quiet import QuietHours


def times(text: str) -> list[tuple[str, str]]:
    """Begin and end of each range."""
    (interval,) = QuietHours.parse(text).interval("quiet")["time_intervals"]
    return [(one["start_time"], one["end_time"]) for one in interval["times"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22:00-07:00 Europe/Berlin", [("22:00", "24:00"), ("00:00", "07:00")]),
        (" 12:30 - 14:00  UTC ", [("12:30", "14:00")]),
        ("22:00-00:00 UTC", [("22:00", "24:00")]),
        ("00:00-06:00 UTC", [("00:00", "06:00")]),
    ],
)
def test_a_range_over_midnight_is_two(text: str, expected: list[tuple[str, str]]) -> None:
    """Alertmanager refuses one that ends before it begins, and one that takes no time."""
    assert times(text) == expected


def test_the_clock_is_that_of_the_place() -> None:
    """With summer time as it is there."""
    (interval,) = QuietHours.parse("22:00-07:00 Europe/Berlin").interval("quiet")["time_intervals"]

    assert interval["location"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("22:00-07:00", "is not two times and a time zone"),
        ("22-7 UTC", "is not two times and a time zone"),
        ("24:00-07:00 UTC", "24:00 is no time of a day"),
        ("22:60-07:00 UTC", "22:60 is no time of a day"),
        ("22:00-22:00 UTC", "begins and ends at the same time"),
        ("22:00-07:00 Europe/Berlim", "is no time zone"),
        ("22:00-07:00 ../etc/passwd", "is no time zone"),
        ("22:00-07:00 Local", "is no time zone"),
    ],
)
def test_what_alertmanager_would_not_start_with_is_refused(text: str, said: str) -> None:
    """Or would read as something else."""
    with pytest.raises(ValueError, match=said):
        QuietHours.parse(text)
