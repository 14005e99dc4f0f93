"""What a reader sees of the board of service levels: its tables and numbers, of one site."""

from __future__ import annotations

from dataclasses import replace

from tests.dashboards.boards import Asked, panel_queries
from tests.dashboards.live import Live
from tests.dashboards.shown import EVERYTHING, PANELS, Json, column

# The site at which nothing runs any more, and the rules therefore record nothing new.
NORTH = "north"


def panel(title: str) -> Json:
    """A panel of the board."""
    return PANELS[f"ollama-service-levels: {title}"]


def cells(
    live: Live, title: str, header: str, key: str, cluster: str | None = NORTH, at: float | None = None
) -> dict[str, float]:
    """A column of a table at one site, by the label that tells its rows apart."""
    rows = live.ask(column(panel(title), header), EVERYTHING, at)
    return {one["metric"][key]: float(one["value"][1]) for one in rows if one["metric"].get("cluster") == cluster}


def numbers(live: Live, title: str, at: float) -> list[float]:
    """The numbers of a panel in the top row at a moment."""
    return [float(one["value"][1]) for asked in panel_queries(panel(title)) for one in live.ask(asked, EVERYTHING, at)]


def without(asked: Asked, *names: str) -> Asked:
    """The query where nobody has those series."""
    expr = asked.expr
    for name in names:
        assert name in expr
        expr = expr.replace(name, f"{name}_of_nobody")
    return replace(asked, expr=expr)
