"""PromQL -> what has to be there."""

from __future__ import annotations

import promql_parser
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    StringLiteral,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from llama_metrics.rulecheck.expression import parse
from llama_metrics.rulecheck.need import ALWAYS, AnyOf, Matcher, Need, Series, all_of, any_of, series
from llama_metrics.rulecheck.tokens import Misread
from tests.rules.pack import RULES, Rule

A, B, C = Series("a"), Series("b"), Series("c")


def told(expr: Expr) -> Need:
    """The same rule, on the tree of another parser."""
    match expr:
        case NumberLiteral() | StringLiteral():
            return ALWAYS
        case VectorSelector():
            if expr.name is None:
                return ALWAYS
            matchers = [one for one in expr.matchers.matchers if one.name == "collector"]
            return Series(expr.name, tuple(Matcher(OPERATORS[str(one.op)], one.value) for one in matchers))
        case MatrixSelector():
            return told(expr.vector_selector)
        case ParenExpr() | UnaryExpr() | SubqueryExpr() | AggregateExpr():
            return told(expr.expr)
        case Call():
            return ALWAYS if expr.func.name.startswith("absent") else all_of(map(told, expr.args))
        case BinaryExpr():
            left, right = told(expr.lhs), told(expr.rhs)
            if str(expr.op) == "unless":
                return left
            return (any_of if str(expr.op) == "or" else all_of)((left, right))
        case _:
            raise AssertionError(expr)


OPERATORS = {
    "MatchOp.Equal": "=",
    "MatchOp.NotEqual": "!=",
    "MatchOp.Re": "=~",
    "MatchOp.NotRe": "!~",
}


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_shipped_expression_is_read_as_another_parser_reads_it(rule: Rule) -> None:
    """The same series, in the same places of the same structure."""
    assert parse(rule.expr) == told(promql_parser.parse(rule.expr))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_no_name_is_invented(rule: Rule) -> None:
    """Neither a label, nor a function, nor a word in a string."""
    read = {node.name for node in _selectors(promql_parser.parse(rule.expr))}

    assert {one.name for one in series(parse(rule.expr))} <= read


def _selectors(expr: Expr) -> list[VectorSelector]:
    found: list[VectorSelector] = []
    promql_parser.walk(expr, lambda node: found.append(node) if isinstance(node, VectorSelector) else None)
    return found


@pytest.mark.parametrize(
    ("expression", "need"),
    [
        ("a", A),
        ("a == 0", A),
        ("a == bool on (job, b) group_left (c) b", all_of((A, B))),
        ("a + b * c", all_of((A, B, C))),
        ("a or b", AnyOf((A, B))),
        ("a or b and c", any_of((A, all_of((B, C))))),
        ("(a or b) and c", all_of((any_of((A, B)), C))),
        ("a and b or c", any_of((all_of((A, B)), C))),
        ("a unless b", A),
        ("a unless b and c", all_of((A, C))),
        ("a unless (b and c)", A),
        ("a OR b", AnyOf((A, B))),
        ("a > on () group_left () (max(b) or vector(5))", A),
        ("0 * a or a", A),
        ("absent(a)", ALWAYS),
        ("absent_over_time(a[5m]) and b", B),
        ("vector(1)", ALWAYS),
        ("time() - a > 5", A),
        ("-a ^ -b", all_of((A, B))),
        ("-1e-9 * a", A),
        (".5 < a", A),
        ("Inf > a", A),
        ("a @ 1700000000 offset -5m", A),
        ("a offset 1h30m @ start()", A),
        ("rate(a[5m:1m])", A),
        ("max_over_time(rate(a[5m])[1h:])", A),
        ("sum without (b, c) (a)", A),
        ("sum(a) by (b)", A),
        ("topk(3, a)", A),
        ('count_values("c", a)', A),
        ("sum by (b,) (a)", A),
        ('label_replace(a, "b", "$1", "c", "(.*)")', A),
        ('a{b="c", d=~"e or f"}', A),
        ("a{b='}',}", A),
        (r'a{b="\"} or c"}', A),
        ("a{b=`\\`}", A),
        ('{__name__="a", b="c"}', A),
        ('{"a", b="c"}', A),
        ('{__name__=~"a.+"} > b', B),
        ("a # or b\n and c", all_of((A, C))),
        ("sum", Series("sum")),
        ("a:b:c", Series("a:b:c")),
        ('a{collector!="b", other="c"}', Series("a", (Matcher("!=", "b"),))),
    ],
)
def test_what_an_expression_needs(expression: str, need: Need) -> None:
    """By its form: one of two for `or`, the left side for `unless`, both for the rest."""
    assert parse(expression) == need


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "a or",
        "(a",
        "a)",
        "a b",
        "a[5m",
        "a{b}",
        "a{b=}",
        'a{b="c"',
        "sum(a",
        "a offset b",
        "a $ b",
        '"a',
        "a ==",
        ",",
    ],
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    """With one error, and no other."""
    with pytest.raises(Misread):
        parse(expression)


@given(st.text(alphabet="ab(){}[]\"'`,=!~<>+-*/%^@ \n\\#:.5em$", max_size=60) | st.text())
@example("(" * 20000)
@example("a{" * 20000)
@example("-" * 20000)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but a Misread comes out of it."""
    try:
        found = parse(text)
    except Misread:
        return
    assert all(one.name for one in series(found))


def test_a_long_expression_is_not_deep() -> None:
    """Thousands of terms side by side are one list."""
    expression = " or ".join(f"a{number} + b" for number in range(1500))

    assert len(list(series(parse(expression)))) == 3000


@pytest.mark.parametrize(
    ("operator", "value", "taken"),
    [
        ("=", "ps", {"ps"}),
        ("!=", "ps", {"tags", "probe"}),
        ("=~", "ps|tags", {"ps", "tags"}),
        ("!~", "p.*", {"tags"}),
        ("=~", "p", set()),
        ("=~", "(", {"ps", "tags", "probe"}),
    ],
)
def test_a_matcher_of_collectors(operator: str, value: str, taken: set[str]) -> None:
    """As Prometheus takes it, the whole of the name; a pattern that Python cannot read keeps nobody out."""
    one = Series("x", (Matcher(operator, value),))

    assert {name for name in ("ps", "tags", "probe") if one.takes(name)} == taken
