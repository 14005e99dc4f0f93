"""Tables: a row for each thing, each column from a query of its own; rows are joined by the labels queries share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase

from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model

from dashboards.panels import Panel, States, Steps, common_parts, mappings, setting, thresholds
from dashboards.queries import Query

# What no column shows that is not named by one. Any other label without a column stands behind the columns: an external
# label may be all that tells two rows apart.
_NOT_SHOWN = ("Time", "job", "format", "alertstate", "category")


@dataclass(frozen=True, slots=True)
class Label:
    """A column that shows a label, so many pixels wide; 0 shares what is left.

    `links` are where a click leads to, by what they are called; of several, Grafana lets the reader choose.
    """

    name: str
    header: str
    width: int = 0
    states: States = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Value:
    """A column that shows what a query gives, so many pixels wide, in the colours of its states or steps.

    `decimals` are for what differs only behind the comma, where Grafana would round it away.
    """

    expr: str
    header: str
    unit: str = "none"
    width: int = 100
    states: States = field(default_factory=dict)
    steps: Steps = ()
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """A query that is asked for its labels; its value is not shown."""

    expr: str


Column = Label | Value | Facts


def rows(title: str, description: str, *, empty: str, columns: Sequence[Column], sort: str) -> Panel:
    """A table of this moment, sorted by the column of that header; a cell without a value shows a dash."""
    # A bare metric keeps its name, another in each query, and rows of different names do not join: `max` drops it.
    queries = [Query(f"max without () ({column.expr})", "") for column in columns if not isinstance(column, Label)]
    panel = (
        table.Panel()
        .min_width(100)
        .thresholds(thresholds(((None, "text"),)))
        .sort_by([shared.TableSortByFieldState().display_name(sort)])
        .transformations([model.DataTransformerConfig("merge", options={}), _organize(columns)])
        # Else the text for a table without rows would stand in each empty cell too.
        .override_by_regexp("/.*/", [setting("noValue", "-")])
    )
    for column in columns:
        if not isinstance(column, Facts) and (settings := list(_settings(column))):
            panel.override_by_name(column.header, settings)
    return common_parts(panel, title, description, empty, "none", queries, "table")


def _organize(columns: Sequence[Column]) -> model.DataTransformerConfig:
    """Names the columns, puts them in order and leaves out what is not to be seen."""
    asked = [column for column in columns if not isinstance(column, Label)]

    def name(column: Column) -> str:
        """As Grafana names it: a label by itself, a value by the letter of its query, where there are several."""
        if isinstance(column, Label):
            return column.name
        return f"Value #{ascii_uppercase[asked.index(column)]}" if len(asked) > 1 else "Value"

    shown = {name(column): column.header for column in columns if not isinstance(column, Facts)}
    hidden = [
        *(label for label in _NOT_SHOWN if label not in shown),
        *(name(column) for column in columns if isinstance(column, Facts)),
    ]
    options = {
        "excludeByName": dict.fromkeys(hidden, True),
        "indexByName": {name: index for index, name in enumerate(shown)},
        "renameByName": shown,
    }
    return model.DataTransformerConfig("organize", options=options)


def _settings(column: Label | Value) -> Iterator[model.DynamicConfigValue]:
    if column.width:
        yield setting("custom.width", column.width)
    if isinstance(column, Value):
        yield setting("unit", column.unit)
        if column.decimals is not None:
            yield setting("decimals", column.decimals)
        if column.steps:
            yield setting("thresholds", thresholds(column.steps).build())
    elif column.links:
        yield setting("links", [{"title": title, "url": url} for title, url in column.links.items()])
    if column.states:
        yield setting("mappings", mappings(column.states))
    if column.states or (isinstance(column, Value) and column.steps):
        yield setting("custom.cellOptions", common.TableColorTextCellOptions())
