"""The configuration: which keys there are, where their values come from, and what they must hold together.

Defaults < the YAML file < the environment < flags. A `Config` exists only where all of it is valid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from requests.exceptions import InvalidHeader
from requests.utils import check_header_validity

from llama_metrics import log
from llama_metrics.collector import AnyCollector, Options, Target
from llama_metrics.ollama import host
from llama_metrics.ollama.names import ModelName
from llama_metrics.schema import Problem, Problems, decode, read_yaml

FILE_VARIABLE = "LLAMA_METRICS_CONFIG_FILE"
LISTEN_VARIABLE = "LLAMA_METRICS_LISTEN_ADDRESS"
OLLAMA_VARIABLE = "OLLAMA_HOST"


class ListenAddress(str):
    """`host:port`, `[ipv6]:port`, or `:port` for every address of the machine."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> ListenAddress:
        """Raises ValueError for anything else."""
        text = value if isinstance(value, str) else repr(value)
        name, colon, port = text.rpartition(":")
        bracketed = name.startswith("[") and name.endswith("]")
        if (
            not colon
            or not port.isascii()
            or not port.isdigit()
            or int(port) > 65535
            or (":" in name and not bracketed)
        ):
            raise ValueError(f"{text!r} is not an address; write host:port, like 127.0.0.1:11490 or [::1]:11490")
        return cls(text)

    @property
    def pair(self) -> tuple[str, int]:
        """Host, without brackets, and port."""
        name, _, port = self.rpartition(":")
        return name.removeprefix("[").removesuffix("]"), int(port)


class OllamaUrl(str):
    """An address of Ollama, in any of the forms that OLLAMA_HOST may have; held as a base URL."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> OllamaUrl:
        """Raises ValueError for what no client can connect to."""
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not an address; write it like http://127.0.0.1:11434")  # noqa: TRY004
        return cls(host.base_url(value))


class WebKeys(msgspec.Struct, frozen=True):
    """Key `web`."""

    listen_address: ListenAddress = ListenAddress("127.0.0.1:11490")
    max_requests: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 40


class LogKeys(msgspec.Struct, frozen=True):
    """Key `log`: our own log, not Ollama's."""

    level: log.Level = "info"
    format: log.Format = "logfmt"


class TargetKeys(msgspec.Struct, frozen=True):
    """One entry of `targets`; without a `url` it is where OLLAMA_HOST points."""

    name: str = "default"
    url: OllamaUrl | None = None
    headers: dict[str, str] = {}
    expected_models: tuple[ModelName, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """A valid configuration; `collectors` are the enabled ones with their options."""

    web: WebKeys
    log: LogKeys
    target: Target
    collectors: tuple[tuple[AnyCollector, Options], ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """A value from outside the file: the key that it stands for, and the variable or flag it came by."""

    key: tuple[str, ...]
    value: object
    origin: str


def load(
    collectors: Sequence[AnyCollector],
    environ: Mapping[str, str],
    file: Path | None = None,
    flags: Sequence[Setting] = (),
) -> Config:
    """The configuration of the file (where there is one), the environment and the flags.

    Raises Problems with everything that is wrong, each with its path.
    """
    raw = read_yaml(file) if file else {}
    listen = environ.get(LISTEN_VARIABLE)
    settings = [Setting(("web", "listen_address"), listen, LISTEN_VARIABLE), *flags] if listen else flags
    for setting in settings:
        _put(raw, setting)
    problems: list[Problem] = []
    keys: Any = decode(_keys(collectors), raw, problems)
    target = _target(keys.targets, environ, problems) if keys else None
    if problems or target is None:
        origins = {".".join(setting.key): setting.origin for setting in settings}
        raise Problems([Problem(origins.get(problem.path, problem.path), problem.message) for problem in problems])
    options = ((collector, getattr(keys.collectors, collector.name)) for collector in collectors)
    return Config(
        keys.web, keys.log, target, tuple((collector, own) for collector, own in options if own.enabled is not False)
    )


def _keys(collectors: Sequence[AnyCollector]) -> type[msgspec.Struct]:
    """The whole schema: one key a collector, as the collectors declare them."""
    sections = [(collector.name, collector.options, collector.options()) for collector in collectors]
    all_collectors = msgspec.defstruct("Collectors", sections, frozen=True)
    return msgspec.defstruct(
        "Keys",
        [
            ("web", WebKeys, WebKeys()),
            ("log", LogKeys, LogKeys()),
            ("targets", tuple[TargetKeys, ...], (TargetKeys(),)),
            ("collectors", all_collectors, all_collectors()),
        ],
        frozen=True,
    )


def _put(raw: dict[str, Any], setting: Setting) -> None:
    """Sets one value; a section that is no mapping stays as it is, and is reported as such later."""
    *sections, last = setting.key
    for section in sections:
        inner = raw.get(section)
        raw[section] = {} if inner is None else inner
        if not isinstance(raw[section], dict):
            return
        raw = raw[section]
    raw[last] = setting.value


def _target(targets: tuple[TargetKeys, ...], environ: Mapping[str, str], problems: list[Problem]) -> Target | None:
    if [target.name for target in targets] != ["default"]:
        problems.append(Problem("targets", "must hold exactly one target, named default"))
        return None
    keys = targets[0]
    for name, value in keys.headers.items():
        try:
            check_header_validity((name, value))
        except InvalidHeader:
            problems.append(Problem(f"targets[0].headers.{name}", "is not a valid HTTP header"))
    twice = {model for model in keys.expected_models if keys.expected_models.count(model) > 1}
    problems += [Problem("targets[0].expected_models", f"names {model} twice") for model in sorted(twice)]
    url: str | None = keys.url
    if url is None:
        try:
            url = host.base_url(environ.get(OLLAMA_VARIABLE, ""))
        except ValueError as error:
            problems.append(Problem(OLLAMA_VARIABLE, str(error)))
            return None
    return Target(name=keys.name, url=url, headers=keys.headers, expected_models=keys.expected_models)
