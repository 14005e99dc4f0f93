"""Reads YAML into frozen structs, strictly, and finds every problem in one pass.

msgspec stops at the first problem; a person with three typos should hear of three. So this walks the structs itself
and leaves only single values to msgspec, or to a type's own `parse(value)`, which raises ValueError.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Protocol, TypeVar, Union, get_args, get_origin, runtime_checkable

import msgspec
import yaml

Struct = TypeVar("Struct", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and the path of the key that it is wrong in (or the variable or flag that set it)."""

    path: str
    message: str


class Problems(Exception):
    """Everything that is wrong with a configuration."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(f"{problem.path}: {problem.message}" for problem in problems))
        self.problems = tuple(problems)


@runtime_checkable
class _Parsed(Protocol):
    @classmethod
    def parse(cls, value: object) -> object: ...


def read_yaml(file: Path) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty one. Raises Problems where it cannot be read."""
    try:
        value = yaml.load(file.read_bytes(), Loader=_Loader)  # noqa: S506  a SafeLoader
    except OSError as error:
        raise Problems([Problem(str(file), f"cannot be read: {(error.strerror or str(error)).lower()}")]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Problems([Problem(str(file), f"is not valid YAML: {error}")]) from None
    if value is not None and not isinstance(value, dict):
        raise Problems([Problem(str(file), f"holds {_named(value)}, not a mapping of keys")])
    return value or {}


def decode(kind: type[Struct], value: object, problems: list[Problem], path: str = "") -> Struct | None:
    """The value as a `kind`; None, and what is wrong added to `problems`, where it is not one."""
    if not isinstance(value, dict):
        problems.append(Problem(path, f"expected keys and values, got {_named(value)}"))
        return None
    before = len(problems)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    problems += [Problem(_joined(path, key), _unknown(key, list(fields))) for key in value if key not in fields]
    found = {}
    for name, field in fields.items():
        if name in value:
            found[field.name] = _decode_one(field.type, value[name], problems, _joined(path, name))
        elif field.required:
            problems.append(Problem(_joined(path, name), "is missing"))
    if len(problems) > before:
        return None
    try:
        # What a struct demands of its values together, it says in its __post_init__.
        return kind(**found)
    except ValueError as error:
        problems.append(Problem(path, str(error)))
        return None


def _decode_one(kind: Any, value: object, problems: list[Problem], path: str) -> Any:
    if get_origin(kind) in (Union, UnionType):
        if value is None:
            return None
        kind = next(inner for inner in get_args(kind) if inner is not type(None))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        # A key whose lines are all commented out holds nothing; that is the same as leaving it away.
        return decode(kind, {} if value is None else value, problems, path)
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_decode_one(get_args(kind)[0], item, problems, f"{path}[{i}]") for i, item in enumerate(value))
    if get_origin(kind) is tuple:
        problems.append(Problem(path, f"expected a list, got {_named(value)}"))
        return None
    if get_origin(kind) is Literal and value not in get_args(kind):
        problems.append(Problem(path, f"is {value!r}; it can be {', '.join(map(str, get_args(kind)))}"))
        return None
    try:
        if isinstance(kind, type) and isinstance(kind, _Parsed):
            return kind.parse(value)
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        # msgspec's own path would point inside the value; ours stands before it.
        problems.append(Problem(path, str(error).partition(" - at ")[0].replace("`", "").lower()))
    except ValueError as error:
        problems.append(Problem(path, str(error)))
    return None


def _joined(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _named(value: object) -> str:
    return {list: "a list", str: "text", type(None): "nothing", dict: "keys and values"}.get(type(value), repr(value))


def _unknown(key: object, known: list[str]) -> str:
    # Only for a mistake: imported with the rest it would be 0.2 MB of an exporter that has none.
    import difflib

    close = difflib.get_close_matches(str(key), known, n=1)
    return f"unknown key; did you mean {close[0]}?" if close else f"unknown key; there are {', '.join(known)}"


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands here for the second time", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)
