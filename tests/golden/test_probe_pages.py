"""Rounds of probes in, page out: each page is compared with its golden file, to the letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from llama_metrics import exposition
from llama_metrics.collectors.probe.collector import PROBE
from llama_metrics.collectors.probe.options import ProbeOptions
from llama_metrics.collectors.probe.prober import Prober
from llama_metrics.errors import BadAnswer, TimedOut
from tests.golden.test_pages import GOLDEN, check_metrics
from tests.support import collectors
from tests.support.exporter import NOW
from tests.unit.probe.probing import FIRST, LAST, in_memory, named
from tests.unit.probe.told import Told
from tools.binaries import Binaries

# Seconds that a computer can add up to the letter.
QUICK = ((0.375, FIRST), (0.40625, LAST))
SLOW = ((12.0, FIRST), (12.25, LAST))
OPTIONS = named("llama3.2", "qwen3.5:35b", timeout=60)
BOTH = (in_memory("llama3.2:latest", 8192), in_memory("gemma4:31b", pinned=True))


def before_the_first_round(client: Told, go: Callable[[], None]) -> None:
    """Nothing is known but what is named."""


def one_round(client: Told, go: Callable[[], None]) -> None:
    """One named model is there, the other is not; a third one is pinned."""
    client.running = BOTH
    go()


def slow_then_quick(client: Told, go: Callable[[], None]) -> None:
    """The last one is shown, all of them are in the buckets."""
    client.running, client.moments = BOTH[:1], SLOW
    go()
    client.moments = QUICK
    go()
    go()


def hung(client: Told, go: Callable[[], None]) -> None:
    """It worked once, then it answered no more."""
    client.running = BOTH
    go()
    client.moments, client.error = (), TimedOut("no whole answer within 60 s")
    go()


def down(client: Told, go: Callable[[], None]) -> None:
    """Nobody says what is in memory: of those that would be asked, none can be."""
    client.running = BOTH
    go()
    client.running = TimedOut("no whole answer within 5 s")
    go()


def pinned_one_gone(client: Told, go: Callable[[], None]) -> None:
    """It left counters."""
    client.running = BOTH
    go()
    client.running = BOTH[:1]
    go()


def left_alone(client: Told, go: Callable[[], None]) -> None:
    """One embeds, and one was loaded anew by its probe."""
    client.running = (in_memory("qwen3.5:35b"),)
    client.moments, client.error = (), BadAnswer('HTTP 400: "qwen3.5:35b" does not support generate', 400)
    go()
    client.running = BOTH[:1]
    client.moments = ((20.0, FIRST), (20.5, LAST.replace(b"1219410", b"19800000000")))
    go()
    go()


def no_counts(client: Told, go: Callable[[], None]) -> None:
    """The answer does not say how many tokens it was."""
    client.running, client.moments = BOTH[:1], ((0.375, b'{"done":true}'),)
    go()


def nothing_named(client: Told, go: Callable[[], None]) -> None:
    """Nothing is pinned either."""
    client.running = BOTH[:1]
    go()


CASES = (
    *(before_the_first_round, one_round, slow_then_quick, hung, down),
    *(pinned_one_gone, left_alone, no_counts, nothing_named),
)


def page(case: Callable[[Told, Callable[[], None]], None]) -> str:
    """The page at the end of a case; rounds begin a minute after the end of the one before."""
    client = Told(*QUICK)
    context = replace(collectors.context(), now=lambda: NOW + client.seconds - 100, monotonic=lambda: client.seconds)
    options = ProbeOptions(enabled=True) if case is nothing_named else OPTIONS
    prober = Prober(client, options, context, lambda _: None)

    def go() -> None:
        client.seconds += 60
        prober.round(lambda: False)

    case(client, go)
    return exposition.render(PROBE.render(prober.reading()), exposition.TEXT).decode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_rounds_give_their_golden_page(
    case: Callable[[Told, Callable[[], None]], None], update_golden: bool, binaries: Binaries
) -> None:
    """Each case gives the page beside it, which promtool finds nothing wrong with."""
    text = page(case)
    file = GOLDEN / f"hand-made__probe.{case.__name__}.metrics"
    if update_golden:
        file.write_text(text)

    assert text == file.read_text()
    if text:
        check_metrics(text, binaries)


def test_no_golden_page_of_probes_is_stale() -> None:
    """Every golden page of probes belongs to a case."""
    assert {GOLDEN / f"hand-made__probe.{case.__name__}.metrics" for case in CASES} == set(GOLDEN.glob("*__probe.*"))
