"""The kinds of panels: stat, state timeline, time series, heatmap. Each says what it shows where there is no data.

Tables are in `tables`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Literal

from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import heatmap as heat
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import heatmap as cells
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.queries import Query

Panel = stat.Panel | statetimeline.Panel | timeseries.Panel | heat.Panel | table.Panel

Colour = str
# The colour from a value on; the first has no value and is the colour of all below, and of the text for no data.
Steps = tuple[tuple[float | None, Colour], ...]

# A value, or a range with both of its ends, and what is shown in its place.
States = Mapping[int | str | tuple[float, float], tuple[str, Colour]]

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")


@dataclass(frozen=True, slots=True)
class Number:
    """One number over all hosts, its name where it stands beside others, and its colours."""

    expr: str
    name: str
    steps: Steps


def numbers(
    title: str, description: str, *, empty: str, unit: str, values: Sequence[Number], states: States | None = None
) -> Panel:
    """Large numbers of this moment, in the words and colours of their states where they have some."""
    panel = (
        stat.Panel()
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(shared.ReduceDataOptions().calcs(["lastNotNull"]))
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME if len(values) > 1 else common.BigValueTextMode.VALUE)
        .thresholds(thresholds(values[0].steps))
    )
    if states:
        panel.mappings(mappings(states))
    for value in values[1:]:
        panel.override_by_name(value.name, [setting("thresholds", thresholds(value.steps).build())])
    queries = [Query(value.expr, value.name) for value in values]
    return common_parts(panel, title, description, empty, unit, queries, "instant")


def timeline(title: str, description: str, *, empty: str, queries: Sequence[Query], states: States) -> Panel:
    """A bar for each series, in the words and colours of its states; a gap where the series is absent."""
    panel = (
        statetimeline.Panel()
        .per_page(12)
        .mappings(mappings(states))
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .thresholds(thresholds(((None, "text"),)))
        .legend(shared.VizLegendOptions().show_legend(show_legend=False).display_mode(common.LegendDisplayMode.LIST))
    )
    return common_parts(panel, title, description, empty, "none", queries, "range")


def lines(
    title: str,
    description: str,
    *,
    empty: str,
    unit: str,
    queries: Sequence[Query],
    limits: Sequence[Query] = (),
    maximum: float | None = None,
    from_zero: bool = True,
) -> Panel:
    """Lines over time, the highest first in legend and tooltip; the limits of alerts dashed and red.

    From 0 on, save where what is shown may be less.
    """
    panel = timeseries.Panel().fill_opacity(10).legend(_legend("lastNotNull", "max")).tooltip(_tooltip())
    if from_zero:
        panel.min(0)
    if maximum is not None:
        panel.max(maximum)
    for limit in limits:
        name, *variables = limit.legend.split(" {{")
        if variables:
            panel.override_by_regexp(f"/^{name} /", _DASHED_RED)
        else:
            panel.override_by_name(name, _DASHED_RED)
    return common_parts(panel, title, description, empty, unit, [*queries, *limits], "range")


def bars(
    title: str,
    description: str,
    *,
    empty: str,
    queries: Sequence[Query],
    colours: Mapping[str, Colour] | None = None,
    stacked: bool = True,
) -> Panel:
    """How often something happened: a bar for each minute or more, and in the legend the sum of the bars.

    The queries are `events()`, `colours` those of their legends. Not stacked where one series counts what another
    counts too.
    """
    mode = common.StackingMode.NORMAL if stacked else common.StackingMode.NONE
    panel = (
        timeseries.Panel()
        .min(0)
        # A bar then spans no less than the four scrapes of $__rate_interval, and no event stands in two of them.
        .interval("1m")
        .decimals(0)
        .draw_style(common.GraphDrawStyle.BARS)
        .fill_opacity(80)
        .line_width(0)
        .stacking(shared.StackingConfig().mode(mode).group("A"))
        .legend(_legend("sum"))
        .tooltip(_tooltip())
    )
    for legend, colour in (colours or {}).items():
        panel.override_by_name(legend, [setting("color", model.FieldColor(model.FieldColorModeId.FIXED, colour))])
    return common_parts(panel, title, description, empty, "short", queries, "range")


def heatmap(title: str, description: str, *, empty: str, unit: str, expr: str) -> Panel:
    """The buckets of a histogram over time; `expr` gives how fast each of them, by `le`, grows."""
    panel = (
        heat.Panel()
        .color(_ORANGES)
        .y_axis(heat.YAxisConfig().unit(unit))
        .cell_values(heat.CellValues().unit("reqps"))
        .tooltip(heat.HeatmapTooltip().mode(common.TooltipDisplayMode.SINGLE).y_histogram(y_histogram=True))
    )
    return common_parts(panel, title, description, empty, "reqps", [Query(expr, "{{le}}")], "heatmap")


def _legend(*calculations: Literal["lastNotNull", "max", "sum"]) -> shared.VizLegendOptions:
    """A table below the graph, sorted by the first of its numbers, the highest on top."""
    return (
        shared.VizLegendOptions()
        .show_legend(show_legend=True)
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
        .calcs(list(calculations))
        .sort_by("Total" if calculations[0] == "sum" else "Last *")
        .sort_desc(sort_desc=True)
    )


def _tooltip() -> shared.VizTooltipOptions:
    return shared.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)


def common_parts(
    panel: Panel,
    title: str,
    description: str,
    empty: str,
    unit: str,
    queries: Sequence[Query],
    kind: Literal["range", "instant", "table", "heatmap"],
) -> Panel:
    """Gives a panel what every panel must have, and its queries by the names A, B, C."""
    panel.title(title).description(description).no_value(empty).unit(unit).datasource(DATASOURCE)
    for index, query in enumerate(queries):
        target = prometheus.Dataquery().ref_id(ascii_uppercase[index]).expr(query.expr).legend_format(query.legend)
        target = target.range() if kind in ("range", "heatmap") else target.instant()
        target = target.format(_FORMATS.get(kind, PromQueryFormat.TIME_SERIES))
        panel.with_target(target.datasource(DATASOURCE))
    return panel


def setting(name: str, value: object) -> model.DynamicConfigValue:
    """One property of an override."""
    return model.DynamicConfigValue(id_val=name, value=value)


def thresholds(steps: Steps) -> build.ThresholdsConfig:
    """The steps in Grafana's form. Without any, Grafana would paint all above 80 red."""
    values = [model.Threshold(value, colour) for value, colour in steps]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(values)


def mappings(states: States) -> list[model.ValueMapping]:
    """The states in Grafana's form: the single values in one map, then each range."""
    single: dict[str, model.ValueMappingResult] = {}
    ranges: list[model.ValueMapping] = []
    for index, (value, (text, colour)) in enumerate(states.items()):
        result = model.ValueMappingResult(text, colour, index=index)
        if isinstance(value, tuple):
            ranges.append(model.RangeMap(model.DashboardRangeMapOptions(*value, result)))
        else:
            single[str(value)] = result
    return [model.ValueMap(single), *ranges] if single else ranges


_DASHED_RED = [
    setting("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}),
    setting("custom.fillOpacity", 0),
    setting("color", model.FieldColor(model.FieldColorModeId.FIXED, "red")),
]
# All of it, for the SDK writes what is not given as 0 and "", not as Grafana's defaults.
_ORANGES = (
    heat.HeatmapColorOptions()
    .mode(cells.HeatmapColorMode.SCHEME)
    .scheme("Oranges")
    .scale(cells.HeatmapColorScale.EXPONENTIAL)
    .exponent(0.5)
    .fill("dark-orange")
    .steps(64)
)
_FORMATS = {"table": PromQueryFormat.TABLE, "heatmap": PromQueryFormat.HEATMAP}
