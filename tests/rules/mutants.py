"""Small wrong changes to a rule, each of which some case must notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Expr,
    MatrixSelector,
    NumberLiteral,
    display_duration,
    parse,
    transform,
)

from tests.rules.pack import Rule
from tests.rules.promql import COMPARISONS, SET_OPERATORS, nodes

_FLIPPED = {"==": "!=", "!=": "==", ">": "<=", "<": ">=", ">=": "<", "<=": ">"}
_LOOSENED = {">": ">=", "<": "<=", ">=": ">", "<=": "<"}


@dataclass(frozen=True)
class Mutant:
    """A changed rule and what was changed."""

    rule: Rule
    change: str

    def __str__(self) -> str:
        return f"{self.rule.name}: {self.change}"


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Every changed form of a rule, each with one change."""
    if rule.hold:
        yield Mutant(replace(rule, hold=None), "no for")
        yield Mutant(replace(rule, hold=rule.hold / 2), "for halved")
        yield Mutant(replace(rule, hold=rule.hold * 2), "for doubled")
    if rule.keep:
        yield Mutant(replace(rule, keep=None), "no keep_firing_for")
        yield Mutant(replace(rule, keep=rule.keep * 2), "keep_firing_for doubled")
    tree = rule.parsed()
    for position, node in enumerate(nodes(tree)):
        for text, change in _variants(node):
            changed = transform(tree, _at(position, parse(text)))
            yield Mutant(replace(rule, expr=str(changed)), change)


def _at(position: int, replacement: Expr) -> Callable[[Expr], Expr | None]:
    """Replaces the node at that position of a walk that visits parents before children."""
    seen = -1

    def visit(_: Expr) -> Expr | None:
        nonlocal seen
        seen += 1
        return replacement if seen == position else None

    return visit


def _variants(node: Expr) -> Iterator[tuple[str, str]]:
    match node:
        case NumberLiteral():
            for number in _moved(node.val):
                yield f"{number:g}", f"{node} moved to {number:g}"
        case MatrixSelector():
            for range_, change in ((node.range / 2, "halved"), (node.range * 2, "doubled")):
                inside = f"[{display_duration(node.range)}]"
                yield str(node).replace(inside, f"[{display_duration(range_)}]"), f"{node} {change}"
        case AggregateExpr() if node.modifier and node.modifier.type == AggModifierType.Without:
            yield f"{node.op} by (job, instance) ({node.expr})", f"{node} merges sites"
        case BinaryExpr():
            yield from _operator_variants(node)


def _operator_variants(node: BinaryExpr) -> Iterator[tuple[str, str]]:
    operator, modifier = str(node.op), str(node.modifier or "")
    if operator in COMPARISONS:
        for table, change in ((_FLIPPED, "flipped"), (_LOOSENED, "loosened")):
            if operator in table:
                yield f"({node.lhs}) {table[operator]} {modifier} ({node.rhs})", f"{operator} in {node} {change}"
    if operator in SET_OPERATORS:
        yield f"({node.lhs})", f"{operator} … dropped from {node}"
    if operator == "or":
        yield f"({node.rhs})", f"… or dropped from {node}"
    number = isinstance(node.lhs, NumberLiteral) or isinstance(node.rhs, NumberLiteral)
    if not number and not modifier.startswith("on ") and operator != "or":
        yield f"({node.lhs}) {operator} on (job, instance) ({node.rhs})", f"{operator} in {node} merges sites"


def _moved(number: float) -> tuple[float, ...]:
    """A count by one, a share and bytes by two in a hundred. 0 means none at all: there the comparison is flipped."""
    if number == 0:
        return ()
    return (number - 1, number + 1) if 1 <= number < 1e9 else (number * 0.98, number * 1.02)
