"""`llama-metrics alertmanager`: the configuration, its parts and the secrets in; Alertmanager's folder out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from llama_metrics.notify import channels, output, routes
from llama_metrics.notify.quiet import QuietHours
from llama_metrics.schema import Problem, Problems, read_yaml

_GRAFANA = "grafana.tmpl"
# It becomes text of a template, and part of texts that are bounded.
_GRAFANA_FORM = re.compile(r"https?://[^\s/{}\"'<>][^\s{}\"'<>]{0,100}")


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line says; an empty text where it says nothing."""

    config: Path
    secrets: Path
    output: Path
    quiet_hours: str
    grafana: str

    @property
    def parts(self) -> Path:
        """The folder of parts and templates: config/alertmanager.yml -> config/alertmanager."""
        return self.config.with_suffix("")


def write(request: Request) -> list[str]:
    """Writes the folder and tells what is in it, a sentence each. Raises Problems, and then nothing is written."""
    # Alertmanager takes the path of a secret as it stands, from wherever it was started.
    folder = request.output.absolute()
    quiet = _quiet(request.quiet_hours)
    templates = _templates(request)
    found, secrets = channels.read(request.secrets, request.parts, folder / output.SECRETS)
    document = routes.compose(_base(request.config), found, quiet)
    head = f"# Written by `llama-metrics alertmanager` from {request.config}. What you change here is lost.\n"
    text = head + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    output.write(folder, request.config.name, text, templates, secrets)
    return [f"{folder / request.config.name} is written", *_told(found, quiet)]


def _base(file: Path) -> dict[str, Any]:
    base = read_yaml(file)
    shape = {"route": dict, "receivers": list}
    problems = [
        Problem(f"{file}: {key}", "is missing") for key, kind in shape.items() if not isinstance(base.get(key), kind)
    ]
    if problems:
        raise Problems(problems)
    return base


def _quiet(text: str) -> QuietHours | None:
    try:
        return QuietHours.parse(text) if text.strip() else None
    except ValueError as error:
        raise Problems([Problem("--quiet-hours", str(error))]) from None


def _templates(request: Request) -> dict[str, str]:
    """Name below the folder -> text."""
    texts = {file.name: _text(file) for file in sorted(request.parts.glob("*.tmpl"))}
    if request.grafana:
        if not _GRAFANA_FORM.fullmatch(request.grafana):
            message = f"{request.grafana!r} is no URL of at most 100 letters that begins with https://"
            raise Problems([Problem("--grafana", message)])
        texts[_GRAFANA] = f'{{{{ define "llama-metrics.grafana" }}}}{request.grafana.rstrip("/")}{{{{ end }}}}\n'
    return {f"{request.parts.name}/{name}": text for name, text in texts.items()}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Problems([Problem(str(file), f"cannot be read: {error}")]) from None


def _told(found: Sequence[routes.Channel], quiet: QuietHours | None) -> Iterator[str]:
    names = [channel.name for channel in found]
    yield f"beside the inbox there is {', '.join(names) or 'nothing'}"
    if "deadman" not in names:
        yield "nobody notices if all of this ends: there is no deadman"
    if quiet:
        yield f"warnings are quiet from {quiet.start} to {quiet.end}, {quiet.zone}"


class _Dumper(yaml.SafeDumper):
    """Writes a list that stands in two places twice, where YAML would name the first and refer to it."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  whatever it is
        return True
