"""The checked-in dashboards as data: their panels, and everything in them that asks Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent.parent.parent / "dashboards" / "grafana"
BOARDS: dict[str, dict[str, Any]] = {file.name: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}

_LABEL_VALUES = re.compile(r"label_values\((?P<series>.+), (?P<label>\w+)\)")


@dataclass(frozen=True, slots=True)
class Asked:
    """A query: of a panel, of a variable (`label` is whose values it lists) or of an annotation."""

    where: str
    expr: str
    kind: Literal["instant", "range", "label_values"]
    legend: str = ""
    label: str = ""

    def __str__(self) -> str:
        return self.where

    def filled(self, variables: Mapping[str, str]) -> str:
        """The expression as Grafana sends it."""
        return filled(self.expr, variables)


def filled(text: str, variables: Mapping[str, str]) -> str:
    """The text with values for its variables; KeyError for one that has none."""
    return re.sub(r"\$(\w+)", lambda found: variables[found.group(1)], text)


def panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The panels that show something, those of folded sections too; headings are left out."""
    every = [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", []))]
    return [panel for panel in every if panel["type"] != "row"]


def panel_queries(panel: Mapping[str, Any]) -> list[Asked]:
    """The queries of a panel."""
    return [
        Asked(
            where=f"{panel['title']} {target['refId']}",
            expr=target["expr"],
            kind="instant" if target["instant"] else "range",
            legend=target["legendFormat"],
        )
        for target in panel["targets"]
    ]


def queries(board: Mapping[str, Any]) -> Iterator[Asked]:
    """Every query of a dashboard."""
    for panel in panels(board):
        yield from panel_queries(panel)
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            found = _LABEL_VALUES.fullmatch(variable["query"])
            assert found, variable["query"]
            yield Asked(f"${variable['name']}", found["series"], "label_values", label=found["label"])
    for annotation in board["annotations"]["list"]:
        yield Asked(f"annotation {annotation['name']}", annotation["target"]["expr"], "range")


ALL = [(name, asked) for name, board in BOARDS.items() for asked in queries(board)]
