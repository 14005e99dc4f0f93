"""A PromQL expression -> what it needs to give anything at all.

The rule, by the form of the expression:

- a selector needs its series; one of names by a pattern takes what there is, and needs nothing;
- a number, a string, `time()` and `vector(1)` need nothing;
- a function and an aggregation need what is in them; `absent(...)` needs nothing, it is there for what is not;
- `a or b` needs one of both; `a unless b` needs a;
- every other operator, `and` among them, needs both sides.

It is about what exists and not about values: what this finds nothing wrong with may still be false for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from llama_metrics.rulecheck.need import ALWAYS, Matcher, Need, Series, all_of, any_of
from llama_metrics.rulecheck.tokens import Misread, Token, tokens

Item = TypeVar("Item")

_PRECEDENCE = {
    "or": 1,
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(("==", "!=", "<=", ">=", "<", ">"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
_AGGREGATIONS = frozenset(
    "sum min max avg group stddev stdvar count count_values bottomk topk quantile limitk limit_ratio".split()
)
_ABSENT = ("absent", "absent_over_time")
_MATCHES = ("=", "!=", "=~", "!~")


def parse(expression: str) -> Need:
    """What the expression needs. Raises Misread."""
    try:
        return _Parser(tokens(expression)).whole()
    except RecursionError:
        raise Misread("it is nested too deep") from None


class _Parser:
    def __init__(self, words: list[Token]) -> None:
        self._words, self._at = words, 0

    def whole(self) -> Need:
        need = self._binary(1)
        if self._next.kind != "end":
            raise Misread(f"{self._next.text!r} stands behind the end of an expression")
        return need

    @property
    def _next(self) -> Token:
        return self._words[self._at]

    def _take(self) -> Token:
        word = self._next
        self._at += word.kind != "end"
        return word

    def _is(self, *texts: str) -> bool:
        """Whether one of these comes next. Words are alike in capitals and small letters, as in PromQL."""
        return self._next.kind in ("name", "symbol") and self._next.text.lower() in texts

    def _took(self, *texts: str) -> bool:
        if not self._is(*texts):
            return False
        self._take()
        return True

    def _expect(self, symbol: str) -> None:
        if not self._took(symbol):
            raise Misread(f"{symbol!r} is expected before {self._next.text!r}")

    def _binary(self, lowest: int) -> Need:
        left = self._unary()
        while self._is(*_PRECEDENCE) and (precedence := _PRECEDENCE[self._next.text.lower()]) >= lowest:
            operator = self._take().text.lower()
            self._matching()
            # Only ^ begins at the right.
            right = self._binary(precedence if operator == "^" else precedence + 1)
            if operator == "or":
                left = any_of((left, right))
            elif operator != "unless":
                left = all_of((left, right))
        return left

    def _matching(self) -> None:
        """What stands between an operator and its right side."""
        self._took("bool")
        if self._took("on", "ignoring"):
            self._labels()
        if self._took("group_left", "group_right") and self._is("("):
            self._labels()

    def _unary(self) -> Need:
        if self._took("+", "-"):
            return self._binary(_PRECEDENCE["^"])
        need = self._primary()
        while True:
            if self._took("["):
                while not self._took("]"):
                    if self._take().kind == "end":
                        raise Misread("a range has no end")
            elif self._took("offset", "@"):
                self._moment()
            else:
                return need

    def _moment(self) -> None:
        """`5m`, `-5m`, `1700000000` or `start()`."""
        self._took("+", "-")
        if self._took("start", "end"):
            self._expect("(")
            self._expect(")")
        elif self._take().kind != "number":
            raise Misread("a time is expected behind offset and @")

    def _primary(self) -> Need:
        if self._is("{"):
            return self._selector("")
        word = self._take()
        if word.kind in ("number", "string"):
            return ALWAYS
        if word.text == "(":
            need = self._binary(1)
            self._expect(")")
            return need
        if word.kind != "name":
            raise Misread(f"{word.text!r} stands where a value is expected")
        name = word.text.lower()
        if name in _AGGREGATIONS and self._is("(", "by", "without"):
            return self._aggregation()
        if self._is("("):
            inner = self._list("(", ")", lambda: self._binary(1))
            return ALWAYS if name in _ABSENT else all_of(inner)
        return ALWAYS if name in ("inf", "nan") else self._selector(word.text)

    def _aggregation(self) -> Need:
        """The labels stand before what is aggregated, or behind it."""
        if self._took("by", "without"):
            self._labels()
        inner = self._list("(", ")", lambda: self._binary(1))
        if self._took("by", "without"):
            self._labels()
        return all_of(inner)

    def _labels(self) -> None:
        self._list("(", ")", self._take)

    def _selector(self, name: str) -> Need:
        matchers = self._list("{", "}", self._matcher) if self._is("{") else []
        named = [value for label, operator, value in matchers if (label, operator) == ("__name__", "=")]
        if not (name or named):
            return ALWAYS
        collector = [Matcher(operator, value) for label, operator, value in matchers if label == "collector"]
        return Series(name or named[0], tuple(collector))

    def _matcher(self) -> tuple[str, str, str]:
        """Label, operator and value; a string alone is the name of the metric."""
        label = self._take()
        if label.kind == "string" and not self._is(*_MATCHES):
            return "__name__", "=", label.text
        operator, value = self._take(), self._take()
        if label.kind not in ("name", "string") or operator.text not in _MATCHES or value.kind != "string":
            raise Misread(f"a matcher is expected where {label.text!r} stands")
        return label.text, operator.text, value.text

    def _list(self, opening: str, closing: str, item: Callable[[], Item]) -> list[Item]:
        """Items between two symbols, a comma behind each but the last, and there too if somebody likes."""
        self._expect(opening)
        found: list[Item] = []
        while not self._took(closing):
            found.append(item())
            if not self._took(","):
                self._expect(closing)
                break
        return found
