"""Whom an alert reaches, for several sets of secrets: `llama-metrics alertmanager` writes, amtool says."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.config.channels import CHANNELS, EVERY, MARK, read, written
from tests.config.shipped import CONFIG, alert_labels
from tools.binaries import Binaries

# The names of the secret files, in the order of the routes.
SETS: dict[str, tuple[str, ...]] = {
    "none": (),
    "one": ("slack",),
    "pager": ("pagerduty",),
    "second": ("slack", "telegram-escalation"),
    "every": EVERY,
}
CRITICAL = {"severity": "critical", "category": "availability"}
WARNING = {"severity": "warning", "category": "availability"}
META = {"severity": "warning", "category": "meta"}
INFO = {"severity": "info", "category": "info"}
WATCHDOG = {"alertname": "LlamaMetricsWatchdog", "severity": "none", "category": "meta"}
OTHER_WATCHDOG = {"alertname": "Watchdog", "severity": "none"}
PERSISTS = {"alertname": "OllamaCriticalPersists", **CRITICAL}
CHATS = "discord,email,ntfy,slack,telegram,webhook,inbox"

# The set, the labels of an alert, who hears of it.
TABLE: list[tuple[str, dict[str, str], str]] = [
    ("none", CRITICAL, "inbox"),
    ("none", WARNING, "inbox"),
    ("none", INFO, "inbox"),
    ("none", PERSISTS, "inbox"),
    ("none", WATCHDOG, "nowhere"),
    ("none", {"severity": "page"}, "inbox"),
    ("none", {}, "inbox"),
    ("one", CRITICAL, "slack,inbox"),
    ("one", WARNING, "slack,inbox"),
    ("one", META, "slack,inbox"),
    ("one", INFO, "inbox"),
    ("one", PERSISTS, "slack,inbox"),
    ("one", WATCHDOG, "nowhere"),
    ("pager", CRITICAL, "pagerduty,inbox"),
    ("pager", WARNING, "inbox"),
    ("pager", META, "inbox"),
    ("second", CRITICAL, "slack,inbox"),
    ("second", WARNING, "slack,inbox"),
    ("second", PERSISTS, "slack,telegram-escalation,inbox"),
    ("second", PERSISTS | WARNING, "slack,inbox"),
    ("every", CRITICAL, "discord,email,ntfy,pagerduty,slack,telegram,webhook,inbox"),
    ("every", WARNING, CHATS),
    ("every", META, CHATS),
    ("every", INFO, "inbox"),
    ("every", WATCHDOG, "deadman,nowhere"),
    ("every", OTHER_WATCHDOG, "nowhere"),
    ("every", {}, "inbox"),
]

Write = Callable[..., Path]


@pytest.fixture(scope="module", params=["", "22:00-07:00 Europe/Berlin"], ids=["always", "quiet hours"])
def write(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Gives the alertmanager.yml of a set, with and without quiet hours: they change when, never whom."""
    folder = tmp_path_factory.mktemp("alertmanager")
    return lambda name: written(folder / name, SETS[name], quiet_hours=request.param)


def amtool(binaries: Binaries, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What amtool says."""
    return subprocess.run([str(binaries.amtool), *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "labels", "receivers"), TABLE, ids=str)
def test_an_alert_reaches(binaries: Binaries, write: Write, name: str, labels: dict[str, str], receivers: str) -> None:
    """The table above, by Alertmanager's own routing."""
    command = ["config", "routes", "test", f"--config.file={write(name)}", f"--verify.receivers={receivers}"]

    said = amtool(binaries, *command, *(f"{key}={value}" for key, value in labels.items()))

    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("labels", alert_labels().values(), ids=alert_labels())
def test_every_alert_of_ours_reaches_the_inbox_whatever_is_added(
    binaries: Binaries, write: Write, labels: dict[str, str]
) -> None:
    """A channel takes nothing away from the inbox, which needs no account and is always there."""
    command = ["config", "routes", "test", f"--config.file={write('every')}"]

    said = amtool(binaries, *command, f"severity={labels['severity']}")

    last = said.stdout.strip().split(",")[-1]
    assert last == ("nowhere" if labels["severity"] == "none" else "inbox")


@pytest.mark.parametrize("name", SETS)
def test_amtool_accepts_what_is_written(binaries: Binaries, write: Write, name: str) -> None:
    """Syntax, receivers and templates."""
    said = amtool(binaries, "check-config", str(write(name)))

    assert said.returncode == 0, said.stdout + said.stderr


def test_a_template_that_is_broken_is_noticed_here(binaries: Binaries, tmp_path: Path) -> None:
    """check-config does read the templates that lie beside what is written."""
    file = written(tmp_path, ())
    (file.parent / "alertmanager/broken.tmpl").write_text("{{ define")

    assert amtool(binaries, "check-config", str(file)).returncode == 1


def test_nothing_but_the_secret_files_holds_a_secret(write: Write) -> None:
    """Neither alertmanager.yml nor a template; each secret is in a file that only its owner can read."""
    file = write("every")
    marked = {path for path in file.parent.rglob("*") if path.is_file() and MARK in path.read_text()}

    secrets = file.parent / "secrets"
    assert {path.name.split(".")[0] for path in marked} == set(EVERY)
    assert {path.parent for path in marked} == {secrets}
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o600}
    assert secrets.stat().st_mode & 0o777 == 0o700


def test_without_a_secret_nothing_is_added(write: Write) -> None:
    """What is written is what is shipped, save the times at which it is quiet."""

    def without_time(value: Any) -> Any:
        if isinstance(value, list):
            return [without_time(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {key: without_time(inner) for key, inner in value.items() if not key.endswith("time_intervals")}

    ours, shipped = (without_time(read(file)) for file in (write("none"), CONFIG / "alertmanager.yml"))
    ours["route"]["routes"] = [one for one in ours["route"]["routes"] if 'category="meta"' not in one["matchers"]]
    assert ours == shipped


def leaves(route: dict[str, Any], matchers: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """The routes below which there is none, each with the matchers on the way."""
    matchers = (*matchers, *route.get("matchers", ()))
    for inner in route.get("routes", ()):
        yield from leaves(inner, matchers)
    if not route.get("routes"):
        yield matchers, route


@pytest.mark.parametrize("names", [(), EVERY], ids=["inbox", "every"])
def test_quiet_hours_are_for_warnings_about_ollama_in_every_channel(tmp_path: Path, names: tuple[str, ...]) -> None:
    """The inbox too; never what is critical, and never what is said about the watching itself."""
    document = read(written(tmp_path, names, quiet_hours="22:00-07:00 Europe/Berlin"))

    found = list(leaves(document["route"]))
    quiet = [(matchers, route["receiver"]) for matchers, route in found if "mute_time_intervals" in route]
    assert {matchers for matchers, _ in quiet} == {('severity="warning"',)}
    assert quiet == [(matchers, route["receiver"]) for matchers, route in found if matchers == ('severity="warning"',)]
    assert {receiver for _, receiver in quiet} == {"inbox", *names} - {"deadman", "pagerduty"}
    assert any({'severity="warning"', 'category="meta"'} == set(matchers) for matchers, _ in found)


def test_the_dead_mans_switch_does_not_say_that_it_is_over(write: Write) -> None:
    """It would be one more call, of somebody who is dead; and every other channel does say so."""
    said = {
        receiver["name"]: [
            config.get("send_resolved", True) for key in receiver if key != "name" for config in receiver[key]
        ]
        for receiver in read(write("every"))["receivers"]
    }

    assert said == {name: [name != "deadman"] for name in ("inbox", *EVERY)} | {"nowhere": []}


def test_every_part_is_in_the_table() -> None:
    """A part that is added is tried."""
    assert {file.stem for file in (CONFIG / "alertmanager").glob("*.yml")} == set(EVERY)
    assert set(CHANNELS) | {"inbox"} == {one for _, _, receivers in TABLE for one in receivers.split(",")} - {
        "nowhere",
        "deadman",
        "telegram-escalation",
    }
