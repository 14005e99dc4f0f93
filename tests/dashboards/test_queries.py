"""Every query of every dashboard parses, reads only what exists, and is filtered as the reader chose."""

from __future__ import annotations

import re
from typing import Any

import promql_parser
import pytest
from promql_parser import AggregateExpr, Call, Expr, StringLiteral, VectorSelector

from llama_metrics.catalogue import catalogue
from tests.dashboards.boards import ALL, BOARDS, Asked, filled, panel_queries, panels
from tests.rules.pack import RULES
from tests.rules.promql import TARGET_LABELS, THRESHOLD, Labels, Mistake, Schema, nodes, selectors
from tests.rules.thresholds import settings, thresholds

# What an alert has from the series that it is about, from its rule, and made in its expression.
OF_ALERTS = frozenset(label for metric in catalogue() for label in metric.labels) | {
    "alertname", "severity", "category", "job", "instance", "long", "short", "period",
}  # fmt: skip


class BoardSchema(Schema):
    """A dashboard also reads alerts, and makes columns of a table with label_join."""

    def labels(self, expr: Expr) -> Labels | None:
        """As for rules."""
        if isinstance(expr, Call) and expr.func.name == "time":
            return None
        if isinstance(expr, Call) and expr.func.name == "label_join":
            made, *sources = [argument.val for argument in expr.args if isinstance(argument, StringLiteral)]
            labels = super().labels(expr.args[0]) or frozenset()
            if unknown := set(sources[1:]) - labels:
                raise Mistake(f"{expr}: there is no label {unknown}")
            return labels | {made}
        return super().labels(expr)


def schema() -> BoardSchema:
    """What the exporter exposes, the rules record, and Prometheus writes of alerts."""
    series = dict(Schema.of(catalogue(), RULES).series)
    return BoardSchema({**series, "ALERTS": OF_ALERTS | {"alertstate"}, "ALERTS_FOR_STATE": OF_ALERTS})


SCHEMA = schema()
# What only a user knows: budgets, and a price.
OWN = {name for rule in RULES for name in settings(rule.parsed())}
# Ranges that nobody would write.
RATE_INTERVAL, RANGE = "4m59s", "5h59m59s"
COUNTERS = ("_total", "_bucket", "_sum", "_count")
each_query = pytest.mark.parametrize(
    "asked", [asked for _, asked in ALL], ids=[f"{name}: {asked}" for name, asked in ALL]
)


def parsed(asked: Asked) -> Expr:
    """The tree, variables left in their strings, with a duration where Grafana puts its own."""
    return _parsed(asked.expr)


def _parsed(expr: str) -> Expr:
    durations = {"$__rate_interval": RATE_INTERVAL, "$__range": RANGE, "$__interval_ms": "1000"}
    for name, value in durations.items():
        expr = expr.replace(name, value)
    return promql_parser.parse(expr)


@each_query
def test_a_query_reads_only_what_exists(asked: Asked) -> None:
    """Metrics and labels are the catalogue's, the recording rules' or Prometheus' own, and joins can match."""
    labels = SCHEMA.labels(parsed(asked))
    assert labels is not None
    in_legend = set(re.findall(r"{{(\w+)}}", asked.legend))
    assert in_legend <= labels


@pytest.mark.parametrize(
    "expr",
    [
        "ollama_nothing",
        "sum by (nothing) (ollama_up)",
        'ollama_up{nothing="x"}',
        "ollama_models / ollama_model_size_bytes",
    ],
)
def test_a_query_that_reads_something_else_is_noticed(expr: str) -> None:
    """A metric, a label or a join that does not exist."""
    with pytest.raises(Mistake):
        SCHEMA.labels(promql_parser.parse(expr))


@each_query
def test_a_query_is_filtered_by_every_variable_that_it_can_be(asked: Asked) -> None:
    """Each selector has $job and, save one of a whole job, $instance; alerts without such a label pass too."""
    for selector in selectors(parsed(asked)):
        found = {matcher.name: matcher.value for matcher in selector.matchers.matchers if str(matcher).count("=~")}
        name = selector.name or ""
        if name.startswith("ALERTS"):
            assert {label: found[label] for label in ("job", "instance", "model")} == {
                "job": "$job|", "instance": "$instance|", "model": "$model|",
            }  # fmt: skip
        elif asked.kind != "label_values" and not name.startswith(THRESHOLD):
            given = {label: f"${label}" for label in TARGET_LABELS & (SCHEMA.labels(selector) or set())}
            assert "job" in given
            assert given == {label: value for label, value in found.items() if label in TARGET_LABELS}


def test_models_are_filtered() -> None:
    """Only what is of a host, and no model's, reads every model: its GPU, its slots, its start, what it used."""
    unfiltered = {
        asked.where
        for _, asked in ALL
        for selector in selectors(parsed(asked))
        if "model" in SCHEMA.series.get(selector.name or "", ())
        and "$model" not in " ".join(matcher.value for matcher in selector.matchers.matchers)
    }
    assert unfiltered == {
        "$model",
        "Not wholly on the GPU A",
        "Time to first token, mean A",
        "Requests by server F",
        "Energy by machine C",
        "Tokens of no known model A",
        "Tokens of no known model B",
        "Connections and slots B",
        *(f"Used by server {query}" for query in "ADGJ"),
        "annotation Restarts",
    }


@each_query
def test_counters_are_read_over_grafanas_own_ranges(asked: Asked) -> None:
    """A counter stands in a rate, whose range follows the zoom, or in the increase of the whole time shown."""
    assert counter_mistakes(asked.expr) == []
    if "$__range" in asked.expr:
        assert asked.kind == "instant", "each point of a graph would say of the whole graph"


@pytest.mark.parametrize(
    "expr",
    [
        "x_total",
        "x_bucket",
        "rate(x_total[5m])",
        "sum_over_time(x_total[$__rate_interval])",
        "increase(x_total[$__rate_interval])",
        "rate(x_total[$__range])",
    ],
)
def test_a_counter_read_otherwise_is_noticed(expr: str) -> None:
    """As it stands, over a fixed range, as a gauge, or such that overlapping points count twice."""
    assert counter_mistakes(expr)
    assert counter_mistakes("rate(x_total[$__rate_interval])") == []
    assert counter_mistakes("increase(x_bucket[$__range])") == []


def counter_mistakes(expr: str) -> list[str]:
    """The parts of an expression in which a counter is read wrongly."""
    tree = _parsed(expr)
    rated = [node for node in nodes(tree) if isinstance(node, Call) and node.func.name in ("rate", "irate", "increase")]
    inside = {str(selector) for node in rated for selector in selectors(node)}
    counters = {str(selector) for selector in selectors(tree) if (selector.name or "").endswith(COUNTERS)}
    wanted = {"rate": f"[{RATE_INTERVAL}]", "increase": f"[{RANGE}]"}
    return [
        *(counters - inside),
        *(str(node) for node in rated if wanted.get(node.func.name, "irate") not in node.prettify()),
    ]


def test_thresholds_have_the_defaults_of_the_alerts() -> None:
    """One name, one default, in rules and dashboards alike; and a name that no alert has is a typo."""
    of_rules = {pair for rule in RULES for pair in thresholds(rule.parsed())}
    of_boards = {pair for _, asked in ALL for pair in thresholds(parsed(asked))}
    assert of_boards
    assert of_boards <= of_rules


def test_routes_are_those_of_the_rules() -> None:
    """What a panel counts as a request for a model, or as one that generates, the alerts do too."""
    of_rules = {route for rule in RULES for route in routes(rule.parsed())}
    of_boards = {route for _, asked in ALL for route in routes(parsed(asked))}
    assert of_boards
    assert of_boards <= of_rules


def routes(expr: Expr) -> set[str]:
    """The matchers of routes in an expression."""
    every = (matcher for selector in selectors(expr) for matcher in selector.matchers.matchers)
    return {str(matcher) for matcher in every if matcher.name == "route"}


@each_query
def test_a_threshold_has_its_default_beside_it(asked: Asked) -> None:
    """The user's series alone would leave the panel empty for everyone else. Budgets and the price have none."""
    tree = parsed(asked)
    read = [selector.name or "" for selector in selectors(tree)]
    own = [name for name in read if name.removeprefix(THRESHOLD) in OWN]
    assert sum(name.startswith(THRESHOLD) for name in read) == len(own) + len(list(thresholds(tree)))
    # Where two rules record it, a bare series would be two.
    assert len(own) == sum(_is_maximum(node) for node in nodes(tree))


def _is_maximum(node: Expr) -> bool:
    """Whether it is `max(…)` of what only a user knows."""
    if not isinstance(node, AggregateExpr) or str(node.op) != "max" or node.modifier is not None:
        return False
    return isinstance(node.expr, VectorSelector) and (node.expr.name or "").removeprefix(THRESHOLD) in OWN


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_columns_of_tables_come_from_their_queries(board: dict[str, Any]) -> None:
    """A label that a table shows is one that a query of it has."""
    for panel in panels(board):
        for step in panel.get("transformations", []):
            if step["id"] == "organize":
                given = set[str]().union(*(SCHEMA.labels(parsed(asked)) or () for asked in panel_queries(panel)))
                labels = {name for name in step["options"]["renameByName"] if not name.startswith("Value")}
                assert labels <= given, panel["title"]


@pytest.mark.parametrize(("name", "asked"), ALL, ids=[f"{name}: {asked}" for name, asked in ALL])
def test_every_variable_of_a_query_exists(name: str, asked: Asked) -> None:
    """Grafana sends an unknown variable as it stands, and the query finds nothing."""
    known = dict.fromkeys((variable["name"] for variable in BOARDS[name]["templating"]["list"]), "")
    filled(asked.expr + asked.legend, known | {"__rate_interval": "", "__range": "", "__interval_ms": ""})
