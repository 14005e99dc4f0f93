"""What an expression reads and which labels come out of it, told from its tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    LabelModifierType,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    StringLiteral,
    VectorMatchCardinality,
    VectorSelector,
    walk,
)

from llama_metrics.metrics import AnyMetric, Histogram
from tests.rules.pack import Rule
from tests.rules.watchers import WATCHERS

Labels = frozenset[str]
# What Prometheus adds to each series that it scrapes; `up` has nothing else.
TARGET_LABELS = frozenset({"job", "instance"})
THRESHOLD = "ollama:threshold:"
_EVERY_THRESHOLD = f'__name__=~"{THRESHOLD}.+"'
SET_OPERATORS = frozenset({"and", "or", "unless"})
COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})


class Mistake(Exception):
    """An expression reads what nothing exposes, or joins what never matches."""


def nodes(expr: Expr) -> list[Expr]:
    """Every node of the tree, the root first."""
    found: list[Expr] = []
    walk(expr, found.append)
    return found


def selectors(expr: Expr) -> Iterator[VectorSelector]:
    """Every selector of series in the tree."""
    return (node for node in nodes(expr) if isinstance(node, VectorSelector))


def unwrapped(expr: Expr) -> Expr:
    """The expression without the parentheses around it."""
    return unwrapped(expr.expr) if isinstance(expr, ParenExpr) else expr


def needed(rule: Rule, rules: Sequence[Rule]) -> set[str]:
    """The names of the rule and of all records that it reads, directly or through others."""
    found, open_ = {rule.name}, [rule]
    while open_:
        read = {selector.name for selector in selectors(open_.pop().parsed())}
        new = [other for other in rules if other.name in read - found]
        found |= {other.name for other in new}
        open_ += new
    return found


def threshold_labels(name: str) -> Labels:
    """The labels of a threshold series: none, save that one which chooses a bucket has its bound."""
    return frozenset({"le"}) if name.endswith("_bucket") else frozenset()


def exposed(metric: AnyMetric) -> dict[str, Labels]:
    """The series of a metric as Prometheus stores them, with their labels."""
    labels = frozenset(metric.labels) | TARGET_LABELS
    if isinstance(metric, Histogram):
        return {
            f"{metric.name}_bucket": labels | {"le"},
            f"{metric.name}_sum": labels,
            f"{metric.name}_count": labels,
        }
    return {metric.name: labels}


@dataclass(frozen=True)
class Schema:
    """The labels of every series that a rule may read, and the alerts by name: ALERTS of one has that one's labels."""

    series: Mapping[str, Labels]
    alerts: Mapping[str, Rule] = field(default_factory=dict)

    @classmethod
    def of(cls, metrics: Iterable[AnyMetric], rules: Iterable[Rule]) -> Self:
        """What the exporter exposes, what Prometheus and Alertmanager do, and what the rules record, in their order."""
        series = {name: labels for metric in metrics for name, labels in exposed(metric).items()}
        series |= {name: TARGET_LABELS | set(labels) for name, labels in WATCHERS.items()}
        series |= dict.fromkeys(("up", "scrape_duration_seconds"), TARGET_LABELS)
        series["ALERTS"] = TARGET_LABELS | {"alertname", "alertstate", "severity", "category"}
        alerts = {rule.name: rule for rule in rules if rule.is_alert}
        for rule in rules:
            if not rule.is_alert:
                # A record that reads its own past: until known, the labels of a target.
                assumed = cls({**series, rule.name: TARGET_LABELS})
                series[rule.name] = assumed.labels(rule.parsed()) or frozenset()
        return cls(series, alerts)

    def labels(self, expr: Expr) -> Labels | None:
        """The labels that a result has for certain, external ones aside; None for a number. Raises Mistake."""
        match expr:
            case VectorSelector():
                return self._selected(expr)
            case MatrixSelector():
                return self._selected(expr.vector_selector)
            case ParenExpr():
                return self.labels(expr.expr)
            case NumberLiteral():
                return None
            case AggregateExpr():
                return self._aggregated(expr)
            case BinaryExpr():
                return self._combined(expr)
            case Call():
                return self._called(expr)
            case StringLiteral():
                return None
            case _:
                raise Mistake(f"{expr}: {type(expr).__name__} is not judged here; write it another way")

    def of_alert(self, name: str) -> Labels:
        """The labels of an alert's series; none of a pattern, or of a stranger's alert."""
        return (self.labels(self.alerts[name].parsed()) if name in self.alerts else None) or frozenset()

    def _selected(self, selector: VectorSelector) -> Labels:
        name = selector.name or ""
        if selector.name is None and list(map(str, selector.matchers.matchers)) == [_EVERY_THRESHOLD]:
            return frozenset({"__name__", "le"})
        labels = threshold_labels(name) if name.startswith(THRESHOLD) else self.series.get(name)
        if labels is None:
            raise Mistake(f"{name}: neither the exporter nor a recording rule has it")
        matchers = selector.matchers.matchers
        if name == "ALERTS":
            named = [one.value for one in matchers if str(one) == f'alertname="{one.value}"']
            labels = labels.union(*map(self.of_alert, named))
        _within({matcher.name for matcher in matchers}, labels, str(selector))
        return labels

    def _called(self, expr: Call) -> Labels:
        known = [labels for argument in expr.args if (labels := self.labels(argument)) is not None]
        given = known[0] if known else frozenset()
        made = expr.args[1] if expr.func.name == "label_replace" else None
        return given | {made.val} if isinstance(made, StringLiteral) else given

    def _aggregated(self, expr: AggregateExpr) -> Labels:
        labels = self.labels(expr.expr) or frozenset()
        if expr.modifier is None:
            return frozenset()
        named = set(expr.modifier.labels)
        _within(named, labels, str(expr))
        left = labels & named if expr.modifier.type == AggModifierType.By else labels - named
        # count_values makes a label of the value.
        return left | {expr.param.val} if isinstance(expr.param, StringLiteral) else left

    def _combined(self, expr: BinaryExpr) -> Labels | None:
        left, right = self.labels(expr.lhs), self.labels(expr.rhs)
        if left is None or right is None:
            return right if left is None else left
        key = _matching(expr, left | right)
        if key(left) != key(right):
            raise Mistake(f"{expr}: never matches, {sorted(key(left))} on the left, {sorted(key(right))} on the right")
        if str(expr.op) == "or":
            return left & right
        if str(expr.op) in SET_OPERATORS or expr.modifier is None:
            return left
        if expr.modifier.card == VectorMatchCardinality.ManyToOne:
            return left | set(expr.modifier.group_labels or [])
        return key(left)


def _matching(expr: BinaryExpr, labels: Labels) -> Callable[[Labels], Labels]:
    """From the labels of a side to those that the operator compares."""
    matching = expr.modifier.matching if expr.modifier else None
    if matching is None:
        return lambda side: side
    named = frozenset(matching.labels)
    _within(named, labels, str(expr))
    if matching.type == LabelModifierType.Include:
        return lambda side: side & named
    return lambda side: side - named


def _within(named: Iterable[str], labels: Labels, where: str) -> None:
    unknown = set(named) - labels
    if unknown:
        raise Mistake(f"{where}: there is no label {', '.join(sorted(unknown))}, only {', '.join(sorted(labels))}")
