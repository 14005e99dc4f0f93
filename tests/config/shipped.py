"""The shipped configuration files as values."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
RULES = ROOT / "rules"
# Shipped to be copied, never to be loaded as it is.
EXAMPLE_RULES = RULES / "overrides.example.yml"


@cache
def config(path: str) -> Any:
    """A YAML file of the repository, by its path from the root."""
    return yaml.safe_load((ROOT / path).read_text())


def rule_files() -> list[Path]:
    """The rules that every user loads."""
    return sorted(set(RULES.glob("*.yml")) - {EXAMPLE_RULES, RULES / "overrides.yml"})


@cache
def alert_labels() -> dict[str, dict[str, str]]:
    """Every shipped alert's name, and the labels that its rule adds."""
    groups = [group for file in rule_files() for group in yaml.safe_load(file.read_text())["groups"]]
    return {rule["alert"]: rule["labels"] for group in groups for rule in group["rules"] if "alert" in rule}
