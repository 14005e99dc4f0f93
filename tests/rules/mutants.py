"""Small wrong changes to a rule, each of which some case must notice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Expr,
    MatrixSelector,
    NumberLiteral,
    VectorSelector,
    display_duration,
    parse,
    transform,
)

from tests.rules.pack import Rule
from tests.rules.promql import COMPARISONS, SET_OPERATORS, nodes

# What is changed; with all but the last two, an alert that was one step away from firing may fire.
NEAR = frozenset({"for", "bound", "range", "matcher", "arm"})
KINDS = (*sorted(NEAR), "flip", "sites")
# The kind of none: a rule as it is, for comparison.
UNCHANGED = "unchanged"
_FLIPPED = {"==": "!=", "!=": "==", ">": "<=", "<": ">=", ">=": "<", "<=": ">"}
_LOOSENED = {">": ">=", "<": "<=", ">=": ">", "<=": "<"}


@dataclass(frozen=True, eq=False)
class Mutant:
    """A changed rule, which of `KINDS` the change is, or that it is none, and what it is. No two are equal."""

    rule: Rule
    kind: str
    change: str

    def __str__(self) -> str:
        return f"{self.rule.name}: {self.change}"


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Every changed form of a rule, each with one change. Of equal changes in several places the second has a (2)."""
    told: Counter[str] = Counter()
    for changed, kind, change in _changed(rule):
        told[change] += 1
        yield Mutant(changed, kind, f"{change} ({told[change]})" if told[change] > 1 else change)


def _changed(rule: Rule) -> Iterator[tuple[Rule, str, str]]:
    if rule.hold:
        yield replace(rule, hold=None), "for", "no for"
        yield replace(rule, hold=rule.hold / 2), "for", "for halved"
        yield replace(rule, hold=rule.hold * 2), "for", "for doubled"
    if rule.keep:
        yield replace(rule, keep=None), "for", "no keep_firing_for"
        yield replace(rule, keep=rule.keep * 2), "for", "keep_firing_for doubled"
    tree = rule.parsed()
    for position, node in enumerate(nodes(tree)):
        for kind, text, change in _variants(node):
            yield replace(rule, expr=str(transform(tree, _at(position, parse(text))))), kind, change


def _at(position: int, replacement: Expr) -> Callable[[Expr], Expr | None]:
    """Replaces the node at that position of a walk that visits parents before children."""
    seen = -1

    def visit(_: Expr) -> Expr | None:
        nonlocal seen
        seen += 1
        return replacement if seen == position else None

    return visit


def _variants(node: Expr) -> Iterator[tuple[str, str, str]]:
    match node:
        case NumberLiteral():
            for number in _moved(node.val):
                yield "bound", f"{number:g}", f"{node} moved to {number:g}"
        case MatrixSelector():
            for range_, change in ((node.range / 2, "halved"), (node.range * 2, "doubled")):
                inside = f"[{display_duration(node.range)}]"
                yield "range", str(node).replace(inside, f"[{display_duration(range_)}]"), f"{node} {change}"
        case VectorSelector():
            yield from _matcher_variants(node)
        case AggregateExpr() if node.modifier and node.modifier.type == AggModifierType.Without:
            yield "sites", f"{node.op} by (job, instance) ({node.expr})", f"{node} merges sites"
        case BinaryExpr():
            yield from _operator_variants(node)


def _matcher_variants(node: VectorSelector) -> Iterator[tuple[str, str, str]]:
    """Each matcher dropped. A selector without a name must keep the one that stands for it."""
    matchers = [matcher for matcher in node.matchers.matchers if matcher.name != "__name__"]
    for dropped in matchers:
        text = str(node)
        for written in (f",{dropped}", f"{dropped},", str(dropped)):
            if written in text:
                yield "matcher", text.replace(written, "", 1), f"{dropped} dropped from {node}"
                break


def _operator_variants(node: BinaryExpr) -> Iterator[tuple[str, str, str]]:
    operator, modifier = str(node.op), str(node.modifier or "")
    if operator in COMPARISONS:
        for kind, table, change in (("flip", _FLIPPED, "flipped"), ("bound", _LOOSENED, "loosened")):
            if operator in table:
                yield kind, f"({node.lhs}) {table[operator]} {modifier} ({node.rhs})", f"{operator} in {node} {change}"
    if operator in SET_OPERATORS:
        yield "arm", f"({node.lhs})", f"{operator} … dropped from {node}"
    if operator == "or":
        yield "arm", f"({node.rhs})", f"… or dropped from {node}"
    number = isinstance(node.lhs, NumberLiteral) or isinstance(node.rhs, NumberLiteral)
    if not number and not modifier.startswith("on ") and operator != "or":
        yield "sites", f"({node.lhs}) {operator} on (job, instance) ({node.rhs})", f"{operator} in {node} merges sites"


def _moved(number: float) -> tuple[float, ...]:
    """A count by one, a share and bytes by two in a hundred. 0 means none at all: there the comparison is flipped."""
    if number == 0:
        return ()
    return (number - 1, number + 1) if 1 <= number < 1e9 else (number * 0.98, number * 1.02)
