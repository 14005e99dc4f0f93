"""PromQL as words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "number", "string", "symbol", "end"]

# A duration is a number with letters. A colon may stand in a name, so that of a subquery ([5m:1m]) makes one too.
_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    |(?P<number>(?:[0-9]|\.[0-9])(?:[eE][+-]?[0-9]|[a-zA-Z0-9_.])*)
    |(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<symbol>==|!=|<=|>=|=~|!~|[-+*/%^<>=(){}\[\],@])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Misread(ValueError):
    """An expression that is not PromQL, or not the part of it that is understood here."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word: its kind, and what is written; of a string, what is between its quotes."""

    kind: Kind
    text: str


def tokens(expression: str) -> list[Token]:
    """The words of an expression, then the end. Raises Misread."""
    found, position = [], 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            raise Misread(f"{expression[position : position + 20]!r} is no PromQL")
        position = match.end()
        text = match.group()
        match match.lastgroup:
            case "string":
                found.append(Token("string", text[1:-1] if text[0] == "`" else _ESCAPE.sub(r"\1", text[1:-1])))
            case "name":
                found.append(Token("name", text))
            case "number":
                found.append(Token("number", text))
            case "symbol":
                found.append(Token("symbol", text))
    return [*found, Token("end", "the end")]
