"""Sections of the board of service levels: how often each server failed, and how long it took to be back."""

from __future__ import annotations

from dashboards.board import Line, Section
from dashboards.objectives import NOT_YET
from dashboards.panels import States, lines
from dashboards.queries import each, hourly
from dashboards.shared import INSTANCE
from dashboards.tables import Value, rows

# Before the first failure nobody knows how long it takes until one. 0 would say that it never worked.
NONE_YET: States = {-1: ("none yet", "green")}


def _covered(days: str) -> str:
    """How many days of data a span has. While nobody watched, Ollama was neither up nor down."""
    up, down = (hourly(f"instance:ollama_{state}_seconds:sum{days}") for state in ("up", "down"))
    return f"({up} + {down}) / 86400"


def _mean(what: str, days: str) -> str:
    """A mean over failures; -1 before the first one."""
    return (
        f"{hourly(f'instance:ollama_time_{what}_seconds:mean{days}')}"
        f" or 0 * ({hourly(f'instance:ollama_failures:count{days}')} == 0) - 1"
    )


def _span(days: str) -> list[Value]:
    name = f"{days[:-1]} days"
    return [
        Value(hourly(f"instance:ollama_up:ratio{days}"), f"Up, {name}", "percentunit", 95, decimals=2),
        Value(hourly(f"instance:ollama_failures:count{days}"), f"Failures, {name}", "short", 115),
        Value(_mean("between_failures", days), f"Between failures, {name}", "s", 165, NONE_YET),
        Value(_mean("to_repair", days), f"To repair, {name}", "s", 120, NONE_YET),
        Value(_covered(days), f"Days of {days[:-1]} covered", "short", 140),
    ]


by_server = rows(
    "Failures by server",
    "How often Ollama went down while its exporter ran, the mean time up between two failures and the mean time until"
    " it was up again, by the minute. Covered: the days of data that a span has, for time without data is neither up"
    " nor down. Many short failures: a crash loop. Few long ones: nobody was there, let a service manager restart it.",
    empty=NOT_YET,
    sort="Up, 30 days",
    columns=[INSTANCE, *_span("7d"), *_span("30d")],
)
down = lines(
    "Down in each hour, by server",
    "How long Ollama did not answer within an hour. An hour that is missing was not watched.",
    empty=NOT_YET,
    unit="s",
    queries=[each(hourly("instance:ollama_down_seconds:sum1h"))],
)
up = lines(
    "Up over 30 days, by server",
    "The share of the last 30 days that were watched. New servers move fast, old ones hardly.",
    empty=NOT_YET,
    unit="percentunit",
    maximum=1,
    queries=[each(hourly("instance:ollama_up:ratio30d"))],
)
FAILURES = Section("Failures", (Line(7, ((24, by_server),)),))
COURSE = Section("Failures, over time", (Line(8, ((12, down), (12, up))),), folded=True)
