"""A secret file: `key: value`, one a line, or the bare value where a channel needs one alone.

Not YAML: in a password `#`, quotes and colons are themselves. What a message says about a file never holds a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from llama_metrics.notify.part import Place
from llama_metrics.schema import Problem, Problems

_LINE = re.compile(r"(?P<key>[a-z_]+):(?:\s+(?P<value>.*))?")
_ADDRESS = r"[^@\s{}]+@[^@\s{}]+"
# Alertmanager would take any text, and fail when there is something to say.
_FORMS = {
    "url": (r"https?://[^\s/?#]+\S*", "a URL that begins with https://"),
    "bot_token": (r"\d+:[\w-]+", "a bot's token: digits, a colon, letters"),
    "chat_id": (r"-?\d+", "a number, below 0 for a group"),
    "routing_key": (r"[0-9A-Za-z]{32}", "32 letters and digits"),
    "server": (r"[^\s{}]+:\d+", "a host and a port, like smtp.example.org:587"),
    "from": (_ADDRESS, "an address, like alerts@example.org"),
    "to": (rf"{_ADDRESS}(?:,\s*{_ADDRESS})*", "an address, or several with commas between them"),
    "require_tls": ("true|false", "true or false"),
}


def parse(file: str, content: bytes, wanted: Sequence[Place]) -> Mapping[str, str]:
    """The values by key. Raises Problems, each with the name of the file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Problems([Problem(file, "is not UTF-8 text")]) from None
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    required = {place.key for place in wanted if not place.is_optional}
    if len(lines) == len(required) == 1 and not _LINE.fullmatch(lines[0][1]):
        values = {min(required): lines[0][1]}
        problems: list[Problem] = []
    else:
        values, problems = _by_key(file, lines, {place.key for place in wanted})
    problems += [Problem(file, f"{key} is missing") for key in sorted(required - set(values))]
    problems += [
        Problem(file, f"{key} is not {meaning}")
        for key, (form, meaning) in _FORMS.items()
        if key in values and not re.fullmatch(form, values[key])
    ]
    if problems:
        raise Problems(problems)
    return values


def _by_key(file: str, lines: Sequence[tuple[int, str]], known: set[str]) -> tuple[dict[str, str], list[Problem]]:
    values: dict[str, str] = {}
    problems = []
    for number, line in lines:
        found = _LINE.fullmatch(line)
        if not found:
            problems.append(Problem(f"{file}, line {number}", "is not `key: value`"))
        elif found["key"] not in known:
            problems.append(Problem(f"{file}, line {number}", f"unknown key; there are {', '.join(sorted(known))}"))
        elif not found["value"]:
            problems.append(Problem(f"{file}, line {number}", f"{found['key']} has no value"))
        elif found["key"] in values:
            problems.append(Problem(f"{file}, line {number}", f"{found['key']} stands here for the second time"))
        else:
            values[found["key"]] = found["value"]
    return values, problems
