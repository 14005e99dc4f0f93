"""How many series a page has while nothing happens: what a user's Prometheus pays for every host."""

from __future__ import annotations

import pytest

from llama_metrics import exposition
from llama_metrics.collectors import ALL
from llama_metrics.collectors.log.follower import Reading
from llama_metrics.collectors.log.lines import Lines
from llama_metrics.collectors.log.render import render
from llama_metrics.collectors.log.tally import Tally
from llama_metrics.self_metrics import SelfMetrics
from tests.golden.test_pages import GOLDEN
from tests.support.fake_ollama import FIXTURES

_MOST = 250
# The families of each collector's health, and one more for build information.
_HEALTH = ("success", "duration_seconds", "timeout")
MAC = ("0.33.0-rc2__api_ps.empty", "proc__process.macos_app", "hand-made__host.macos")
MAC_ULTRA = ("hand-made__macos.m2_ultra_under_pressure", "hand-made__powermetrics.m2_ultra_macos14")
LINUX = ("0.33.0-rc2__api_ps.empty", "proc__process.linux_0.33", "hand-made__host.linux")
TWO_CARDS = ("hand-made__nvidia.two_cards",)


def series(page: str) -> list[str]:
    """The series of a page."""
    return [line for line in page.splitlines() if not line.startswith("#")]


def idle_log() -> int:
    """Series of a log that holds a server's start and nothing else, with no model installed."""
    text = (FIXTURES / "0.33.0-rc2/logs/single_model.log").read_bytes()
    start = text[: text.index(b"Listening on")]
    lines, tally = Lines(), Tally()
    tally.feed(lines.parse(start + text[len(start) :].split(b"\n", 1)[0] + b"\n"))
    tally.begin()
    tally.exist([], prints_costs=True)
    reading = Reading(tuple(tally.families({"unknown"})), 0, 0, 0, 1.75e9, 0, 0)
    return len(series(exposition.render(render(reading), exposition.TEXT).decode()))


@pytest.mark.parametrize("pages", [MAC + MAC_ULTRA, LINUX + TWO_CARDS], ids=["mac", "linux"])
def test_an_idle_host_has_few_series(pages: tuple[str, ...]) -> None:
    """With every collector's health, of the largest Mac as of a machine with two cards."""
    shown = [one for page in pages for one in series((GOLDEN / f"{page}.metrics").read_text())]
    ourselves = len(series(exposition.render(SelfMetrics().collect(), exposition.TEXT).decode()))
    of_background = 2 * sum(collector.background for collector in ALL)
    health = (len(_HEALTH) + 1) * len(ALL) + of_background

    assert len(shown) + idle_log() + ourselves + health <= _MOST
