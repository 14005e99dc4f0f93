"""Renders config/ntfy/llama-metrics.yml as ntfy does, without ntfy.

Both ntfy and amtool render with Go's own template engine. What differs is told apart here: ntfy reads the
notification's JSON under its own names, amtool reads it into a structure with capitals; and amtool's structure knows
nothing of `truncatedAlerts`, so its number is put into the text. tests/config/test_ntfy_template.py keeps the template
away from what only one of the two can do.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.config.shipped import config
from tools.binaries import Binaries

TEMPLATE = config("config/ntfy/llama-metrics.yml")
# Over this ntfy refuses a title or a message, and delivers nothing.
LIMIT = 4096
_FIELDS = re.compile(r"\.(alerts|status|labels|annotations|commonLabels|commonAnnotations)\b")


@dataclass(frozen=True)
class Message:
    """What a person sees."""

    title: str
    priority: str
    text: str


def render(binaries: Binaries, payload: dict[str, Any], folder: Path) -> Message:
    """The message that ntfy makes of one notification of Alertmanager."""
    (folder / "none.tmpl").write_text("")
    (folder / "payload.json").write_text(json.dumps(payload))

    def part(name: str) -> str:
        text = TEMPLATE[name].replace(".truncatedAlerts", json.dumps(payload.get("truncatedAlerts", 0)))
        text = _FIELDS.sub(lambda field: "." + field[1][0].upper() + field[1][1:], text)
        command = [str(binaries.amtool), "template", "render", f"--template.glob={folder}/none.tmpl"]
        command += [f"--template.text={text}", f"--template.data={folder}/payload.json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        # ntfy does these two to whatever a template gives.
        return done.stdout.replace("\\n", "\n").strip()

    return Message(title=part("title"), priority=part("priority"), text=part("message"))
