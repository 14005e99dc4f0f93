"""A part: of which alerts a channel hears, and its receiver, with places for what its secret file says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

# `<url>`; `<password?>` where it may be absent; `https://host/<token>?query` where it is a part of a text.
_PLACE = re.compile(r"(?P<before>[^<]*)<(?P<key>[a-z_]+)(?P<optional>\??)>(?P<behind>.*)")
_FILE = "_file"


class Part(msgspec.Struct, frozen=True):
    """A file of config/alertmanager/; `receiver` is as Alertmanager reads it, without its name.

    It hears of alerts of these severities, and of those only that fulfil the matchers, if there are any.
    """

    severities: tuple[Literal["critical", "warning", "info", "none"], ...]
    receiver: dict[str, Any]
    matchers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value goes: its key in the secret file, and what stands before and behind it."""

    key: str
    is_optional: bool
    before: str
    behind: str

    def filled(self, value: str) -> str:
        """The text with the value in it; a query behind it is added to the one that the value may have."""
        adds_to_query = self.behind.startswith("?") and "?" in value
        return self.before + value + (f"&{self.behind[1:]}" if adds_to_query else self.behind)


@dataclass(frozen=True, slots=True)
class SecretFile:
    """One secret by itself, as Alertmanager reads it."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A receiver that is complete, and the files that it names."""

    receiver: dict[str, Any]
    files: tuple[SecretFile, ...]


def places(part: Part) -> tuple[Place, ...]:
    """What a secret file says for this part, in the part's order."""
    return tuple(_places(part.receiver))


def _places(value: object) -> Iterator[Place]:
    if isinstance(value, str) and (place := _place(value)):
        yield place
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _places(inner)


def _place(value: object) -> Place | None:
    found = _PLACE.fullmatch(value) if isinstance(value, str) else None
    return Place(found["key"], bool(found["optional"]), found["before"], found["behind"]) if found else None


def fill(part: Part, name: str, values: Mapping[str, str], folder: Path) -> Filled:
    """The receiver `name` with the values in their places; what is optional and absent is left out."""
    files: list[SecretFile] = []

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(item) for item in value]
        if not isinstance(value, dict):
            return value
        whole = {}
        for key, inner in value.items():
            place = _place(inner)
            if place is None:
                whole[key] = filled(inner)
            elif place.key in values:
                whole[key] = put(key, place, values[place.key])
        return whole

    def put(key: str, place: Place, value: str) -> str | bool:
        if not key.endswith(_FILE):
            return value == "true" if value in ("true", "false") else place.filled(value)
        file = SecretFile(folder / f"{name}.{place.key}", place.filled(value))
        files.append(file)
        return str(file.path)

    return Filled({"name": name, **filled(part.receiver)}, tuple(files))
