"""The promtools that judge, and a line at the end of the run that says which they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.binaries import Binaries, locate_floor, version

_JUDGES = pytest.StashKey[tuple[Path, ...]]()


@pytest.fixture(scope="session")
def promtools(binaries: Binaries, pytestconfig: pytest.Config) -> tuple[Path, ...]:
    """The newest promtool to be had, then the floor's where it can be had."""
    floor = locate_floor()
    judges = (binaries.promtool, floor) if floor else (binaries.promtool,)
    pytestconfig.stash[_JUDGES] = judges
    return judges


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says which promtools judged the rules, and that the floor did not where it could not be had."""
    judges = config.stash.get(_JUDGES, ())
    if judges:
        versions = " and ".join(".".join(map(str, version(judge))) for judge in judges)
        floor = "" if len(judges) > 1 else "; the oldest supported one, 2.42, was NOT tried: it comes by apt-get only"
        terminalreporter.write_line(f"rules judged by promtool {versions}{floor}")
