"""The demo's rules and routes are the shipped ones with shorter times, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from llama_metrics.duration import Duration
from tools import shorten

ROOT = Path(__file__).parent.parent.parent
RULES = sorted((ROOT / "rules").glob("*.yml"))
WEBHOOK = "http://127.0.0.1:1/"


def read(file: Path) -> dict[str, Any]:
    """A YAML file."""
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    return document


def every(value: object, key: str) -> list[Any]:
    """What stands under that key, at any depth, in the order of the file."""
    if isinstance(value, list):
        return [found for item in value for found in every(item, key)]
    if not isinstance(value, dict):
        return []
    return [found for name, inner in value.items() for found in ([inner] if name == key else every(inner, key))]


def without(value: object, *keys: str) -> object:
    """All of it but what stands under those keys."""
    if isinstance(value, list):
        return [without(item, *keys) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: without(inner, *keys) for name, inner in value.items() if name not in keys}


@pytest.mark.parametrize(
    ("shipped", "here"),
    [("2m", "2s"), ("1d", "1440s"), ("10s", "167ms"), ("1m30s", "1500ms"), ("0s", "0s"), ("0m", "0m")],
)
def test_a_minute_becomes_a_second(shipped: str, here: str) -> None:
    """A sixtieth, written as Prometheus reads it."""
    assert shorten.shorter(shipped) == here


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_every_time_of_a_rule_file_is_shorter_and_all_else_is_as_shipped(file: Path) -> None:
    """Expressions, labels, texts and the intervals of groups are untouched."""
    shipped = read(file)
    here = shorten.rules(shipped)

    for key in ("for", "keep_firing_for"):
        pairs = list(zip(every(shipped, key), every(here, key), strict=True))
        assert all(Duration.parse(short) * 60 == pytest.approx(Duration.parse(long)) for long, short in pairs)
    assert without(here, "for", "keep_firing_for") == without(shipped, "for", "keep_firing_for")


def test_there_are_times_to_shorten() -> None:
    """Or the test above proves nothing."""
    assert [file for file in RULES if every(read(file), "for")]


def test_routes_are_quicker_and_every_webhook_is_ours() -> None:
    """Whom an alert reaches, and what mutes what, is as shipped; nothing leaves this machine."""
    shipped = read(ROOT / "config/alertmanager.yml")
    here = shorten.alertmanager(shipped, WEBHOOK)
    waits = [
        pair
        for key in ("group_wait", "group_interval")
        for pair in zip(every(shipped, key), every(here, key), strict=True)
    ]

    assert waits
    assert all(short == shorten.shorter(long) for long, short in waits)
    assert set(every(here, "url")) == {WEBHOOK}
    assert without(here, "group_wait", "group_interval", "url") == without(
        shipped, "group_wait", "group_interval", "url"
    )
