"""Thresholds that a user may override, and budgets and prices, which have no default: their forms in an expression."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, NumberLiteral, VectorSelector

from tests.rules.promql import COMPARISONS, THRESHOLD, nodes, unwrapped

# A user's own numbers, which have no default: nobody else's budget or price would be true.
_OWN = re.compile(r"(daily|weekly|monthly)_budget_\w+|\w+_price_per_\w+")


def threshold_name(expr: Expr) -> str | None:
    """The name of the threshold series that the expression is, if it is one."""
    name = expr.name if isinstance(expr, VectorSelector) else None
    return name.removeprefix(THRESHOLD) if name and name.startswith(THRESHOLD) else None


def thresholds(expr: Expr) -> Iterator[tuple[str, float]]:
    """The names and defaults of the thresholds that can be overridden.

    `max(ollama:threshold:…) or vector(…)`, or a bucket: `ollama:threshold:…_bucket or on () label_replace(…)`.
    """
    for node in nodes(expr):
        if isinstance(node, BinaryExpr) and str(node.op) == "or":
            yield from _number(node.lhs, node.rhs)
            yield from _bucket(node)


def settings(expr: Expr) -> Iterator[str]:
    """The names of a user's budgets and prices: without one there is no result.

    `… > on () group_left () max(ollama:threshold:…)`, or `*` in place of the comparison.
    """
    for node in nodes(expr):
        if isinstance(node, BinaryExpr) and str(node.op) in COMPARISONS | {"*"}:
            own = node.rhs
            if str(node.modifier) == "on () group_left ()" and isinstance(own, AggregateExpr) and str(own.op) == "max":
                name = threshold_name(own.expr)
                if name and _OWN.fullmatch(name):
                    yield name


def _number(series: Expr, default: Expr) -> Iterator[tuple[str, float]]:
    if not isinstance(series, AggregateExpr) or str(series.op) != "max" or series.modifier is not None:
        return
    name = threshold_name(series.expr)
    if name and isinstance(default, Call) and default.func.name == "vector":
        number = default.args[0]
        if isinstance(number, NumberLiteral):
            yield name, number.val


def _bucket(node: BinaryExpr) -> Iterator[tuple[str, float]]:
    name = threshold_name(node.lhs)
    written = re.fullmatch(r'label_replace\(vector\(1\), "le", "(\d+\.\d+)", "", ""\)', str(node.rhs))
    if name and name.endswith("_bucket") and str(node.modifier) == "on ()" and written:
        yield name, float(written[1])


def chooses_bucket(node: BinaryExpr) -> bool:
    """Whether it keeps one bucket of a histogram, the one of a threshold."""
    chosen = unwrapped(node.rhs)
    return str(node.op) == "and" and str(node.modifier) == "on (le)" and len(list(thresholds(chosen))) == 1


def threshold_mistakes(expr: Expr) -> Iterator[str]:
    """Each threshold series stands once in its form, and that on the right of a comparison with every series."""
    read = sum(threshold_name(node) is not None for node in nodes(expr))
    compared = len(list(settings(expr)))
    for node in nodes(expr):
        if not isinstance(node, BinaryExpr):
            continue
        # A share of a budget is that too.
        if str(node.op) in COMPARISONS | {"/"} and str(node.modifier) == "on () group_left ()":
            compared += len(list(thresholds(unwrapped(node.rhs))))
        elif chooses_bucket(node):
            compared += 1
    if read != compared:
        yield (
            f"{expr}: a threshold is `… > on () group_left () (max({THRESHOLD}<what>_<unit>) or vector(N))`, or a"
            f" budget or price, without default: `… > on () group_left () max({THRESHOLD}<what>_<unit>)`, or chooses"
            f" a bucket: `… and on (le) ({THRESHOLD}<what>_bucket or on () label_replace(vector(1), …))`, le a float"
        )
