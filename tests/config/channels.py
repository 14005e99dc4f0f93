"""A secret file for every channel, what `llama-metrics alertmanager` makes of some, and alerts to try it with."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import yaml

from llama_metrics.notify.command import Request, write
from tests.config.shipped import CONFIG
from tools.binaries import Binaries
from tools.stack import Alertmanager

# What must never be seen outside a secret file. In every secret below.
MARK = "S3CR3T"
SECRETS: dict[str, str] = {
    "slack": f"https://hooks.slack.com/services/{MARK}\n",
    "discord": f"https://discord.com/api/webhooks/{MARK}\n",
    "telegram": f"bot_token: 123456:{MARK}\nchat_id: -1001234\n",
    "email": "server: smtp.example.org:587\nfrom: alerts@example.org\nto: me@example.org\nusername: alerts\n"
    f"password: {MARK} # 'and: more\n",
    "pagerduty": f"0123456789abcdef01234567{MARK}ab\n",
    "webhook": f"https://example.org/hook?key={MARK}\n",
    "ntfy": f"https://ntfy.sh/{MARK}\n",
    "deadman": f"https://hc-ping.com/{MARK}\n",
}
EVERY = tuple(SECRETS)
# Those that hear of what is critical.
CHANNELS = tuple(name for name in EVERY if name != "deadman")
RUNBOOK = "https://example.org/RUNBOOK.md#ollamadown"


def written(folder: Path, names: Iterable[str], *, quiet_hours: str = "", secrets: Mapping[str, str] = SECRETS) -> Path:
    """The alertmanager.yml that is written below `folder` for the secrets of these names."""
    given = folder / "given"
    given.mkdir(parents=True, exist_ok=True)
    for name in names:
        (given / name).write_text(secrets[name.removesuffix("-escalation")])
    write(Request(CONFIG / "alertmanager.yml", given, folder / "written", quiet_hours, ""))
    return folder / "written/alertmanager.yml"


def read(file: Path) -> dict[str, Any]:
    """A YAML file."""
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    return document


def local_secrets(url: str, mail_server: str) -> dict[str, str]:
    """The secret files, their hosts replaced."""
    urls = {name: f"{url}/{name}/{MARK}\n" for name in ("slack", "discord", "webhook", "ntfy", "deadman")}
    mail = SECRETS["email"].replace("smtp.example.org:587", mail_server) + "require_tls: false\n"
    return SECRETS | urls | {"email": mail, "pagerduty": f"routing_key: {SECRETS['pagerduty']}url: {url}/pagerduty\n"}


def quick(file: Path, url: str) -> Path:
    """The written file with short times, and with the hosts that no secret file names."""
    document = read(file)
    for route in every_route(document["route"]):
        times = {"group_wait": "500ms", "group_interval": "600ms"}
        route |= times | ({"repeat_interval": "1s"} if route.get("repeat_interval") == "5m" else {})
    file.write_text(yaml.safe_dump(document).replace("http://ntfy:2586", url))
    telegram = file.parent / "secrets/telegram.bot_token"
    telegram.write_text(telegram.read_text().replace("https://api.telegram.org", f"{url}/telegram"))
    return file


def every_route(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The route and all below it."""
    yield route
    for inner in route.get("routes", ()):
        yield from every_route(inner)


def post(alertmanager: Alertmanager, instance: str, *, resolved: bool = False, **labels: str) -> None:
    """One alert, as Prometheus would say that it fires, or that it has ended after 90 s."""
    now = datetime.now(UTC)
    alert: dict[str, Any] = {
        "labels": {
            "alertname": "OllamaDown",
            "job": instance,
            "instance": instance,
            "severity": "critical",
            "category": "availability",
            **labels,
        },
        "annotations": {
            "summary": "Ollama does not answer.",
            # `key: value` at the beginning of a line, and an expression of a template's.
            "description": "No answer: for 2 minutes & more. {{ .Status }} First look at its <log>.",
            "runbook_url": RUNBOOK,
        },
        "startsAt": (now - timedelta(seconds=90)).isoformat(),
    }
    if resolved:
        alert["endsAt"] = now.isoformat()
    requests.post(f"{alertmanager.url}/api/v2/alerts", json=[alert], timeout=10).raise_for_status()


def shown(alertmanager: Alertmanager, binaries: Binaries) -> dict[str, str]:
    """Everything that Alertmanager shows to people: its configuration, its pages, its log."""
    command = [str(binaries.amtool), f"--alertmanager.url={alertmanager.url}", "config", "show"]
    found = {"config show": subprocess.run(command, capture_output=True, text=True, check=True).stdout}
    for page in ("/api/v2/status", "/api/v2/receivers", "/api/v2/alerts", "/metrics", "/"):
        found[page] = requests.get(f"{alertmanager.url}{page}", timeout=10).text
    return found | {"log": alertmanager.log.read_text()}
