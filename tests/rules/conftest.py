"""The promtools that judge, what they say of changed rules, and lines at the end of the run that say so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.rules import mutation
from tools.binaries import Binaries, locate_floor, version

_JUDGES = pytest.StashKey[tuple[Path, ...]]()
_MUTANTS = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def promtools(binaries: Binaries, pytestconfig: pytest.Config) -> tuple[Path, ...]:
    """The newest promtool to be had, then the floor's where it can be had."""
    floor = locate_floor()
    judges = (binaries.promtool, floor) if floor else (binaries.promtool,)
    pytestconfig.stash[_JUDGES] = judges
    return judges


@pytest.fixture(scope="session")
def noticed(
    binaries: Binaries, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> mutation.Noticed:
    """Which changes to the rules some case notices."""
    began = time.monotonic()
    found = mutation.noticed(binaries.promtool, tmp_path_factory.mktemp("mutants"))
    pytestconfig.stash[_MUTANTS] = f"{found}, in {time.monotonic() - began:.0f} s"
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says which promtools judged the rules, that the floor did not where it could not be had, and what was changed."""
    if _MUTANTS in config.stash:
        terminalreporter.write_line(config.stash[_MUTANTS])
    judges = config.stash.get(_JUDGES, ())
    if judges:
        versions = " and ".join(".".join(map(str, version(judge))) for judge in judges)
        floor = "" if len(judges) > 1 else "; the oldest supported one, 2.42, was NOT tried: it comes by apt-get only"
        terminalreporter.write_line(f"rules judged by promtool {versions}{floor}")
