"""A dashboard: its sections in their places, with the variables, links and annotations that all of ours share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.panels import DATASOURCE, Panel
from dashboards.queries import firing, series

TAG = "ollama"
_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Line:
    """Panels side by side, each with its width out of 24. Raises ValueError where they do not fill the line."""

    height: int
    panels: tuple[tuple[int, Panel], ...]

    def __post_init__(self) -> None:
        widths = [width for width, _ in self.panels]
        if sum(widths) != _WIDTH:
            raise ValueError(f"a line of panels {widths} wide does not fill {_WIDTH} columns")


@dataclass(frozen=True, slots=True)
class Section:
    """Lines, below a heading where there is a title. A folded one asks nothing until its heading is clicked."""

    title: str
    lines: tuple[Line, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Marks:
    """What is marked in every graph, at each moment at which the query gives something."""

    name: str
    expr: str
    colour: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard. `uid` is its name for ever: links and the name of its file are made of it.

    Alerts that fire are marked on all of them. One that looks back over days asks anew no oftener than things change.
    """

    uid: str
    title: str
    description: str
    sections: tuple[Section, ...]
    marks: tuple[Marks, ...] = ()
    since: str = "now-6h"
    refresh: str = "30s"

    def to_json(self) -> str:
        """The file in Grafana's classic form, the same at each call."""
        board = (
            build.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .readonly()
            .tooltip(model.DashboardCursorSync.CROSSHAIR)
            .time(self.since, "now")
            .refresh(self.refresh)
        )
        for panel in _laid_out(self.sections):
            board = board.with_row(panel) if isinstance(panel, build.Row) else board.with_panel(panel)
        board = board.variables(_variables(with_model="$model" in _encoded(board)))
        for marks in (_FIRING, *self.marks):
            board = board.annotation(_annotation(marks))
        board = board.link(_links())
        return _encoded(board) + "\n"


def _encoded(board: build.Dashboard) -> str:
    plain = json.loads(json.dumps(board.build(), cls=JSONEncoder))
    # The SDK would move links and the switch of the annotation out of sight, into a menu.
    for part in [*plain["annotations"].get("list", []), *plain.get("links", [])]:
        part.pop("placement", None)
    return json.dumps(plain, indent=2, ensure_ascii=False)


def _laid_out(sections: tuple[Section, ...]) -> Iterator[build.Row | Panel]:
    """Headings and panels in their places, numbered from 1. A folded heading holds its panels itself."""
    numbers, y = count(1), 0
    for section in sections:
        heading = build.Row(section.title).collapsed(section.folded)
        if section.title:
            heading.id(next(numbers)).grid_pos(model.GridPos(h=1, w=_WIDTH, x=0, y=y))
            y += 1
        panels = list(_placed(section.lines, y, numbers))
        if section.folded:
            for panel in panels:
                heading.with_panel(panel)
            yield heading
            continue
        yield from (heading, *panels) if section.title else panels
        y += sum(line.height for line in section.lines)


def _placed(lines: tuple[Line, ...], y: int, numbers: Iterator[int]) -> Iterator[Panel]:
    """The panels of a section that begins at `y`."""
    for line in lines:
        x = 0
        for width, panel in line.panels:
            yield panel.id(next(numbers)).grid_pos(model.GridPos(h=line.height, w=width, x=x, y=y))
            x += width
        y += line.height


def _variables(*, with_model: bool) -> list[Builder[model.VariableModel]]:
    jobs = _query_variable("job", "label_values(llama_metrics_build_info, job)")
    instances = _query_variable("instance", 'label_values(ollama_up{job=~"$job"}, instance)')
    models = _query_variable("model", f"label_values({series('ollama_model_info', all_models=True)}, model)")
    return [
        build.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        jobs,
        instances,
        *([models] if with_model else []),
        _site(),
    ]


def _query_variable(label: str, query: str) -> build.QueryVariable:
    """Several values or all; `.+` for all, so that hosts which come later are in."""
    return (
        build.QueryVariable(label)
        .label(label.capitalize())
        .datasource(DATASOURCE)
        .query(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".+")
        .current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _site() -> build.CustomVariable:
    """The external label by which two hosts of equal job and instance differ; legends end with its value."""
    names = ["cluster", "site", "region", "datacenter", "environment", "tenant"]
    options = [model.VariableOption(selected=name == names[0], text=name, value=name) for name in names]
    return (
        build.CustomVariable("site")
        .label("Site label")
        .description("The label that tells sites apart whose hosts have equal names. Any label may be typed in.")
        .values(",".join(names))
        .options(options)
        .current(options[0])
    )


_FIRING = Marks("Alerts", firing(), "red", "{{alertname}}", "{{instance}} {{model}}")


def _annotation(marks: Marks) -> build.AnnotationQuery:
    # Which of the two places of the query is read depends on Grafana's version.
    target = prometheus.Dataquery().ref_id("Anno").expr(marks.expr).datasource(DATASOURCE)
    return (
        build.AnnotationQuery()
        .name(marks.name)
        .datasource(DATASOURCE)
        .enable(enable=True)
        .icon_color(marks.colour)
        .expr(marks.expr)
        .target(target)
        .step("60s")
        .title_format(marks.title)
        .text_format(marks.text)
        .tag_keys("severity")
    )


def _links() -> build.DashboardLink:
    return (
        build.DashboardLink("Ollama dashboards")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(as_dropdown=True)
        .include_vars(include_vars=True)
        .keep_time(keep_time=True)
    )
