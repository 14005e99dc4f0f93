"""Collectors side by side: one flight each, a deadline, health always, and no trouble that spreads."""

from __future__ import annotations

import io
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from llama_metrics.collector import AnyCollector
from llama_metrics.errors import BadAnswer, TimedOut, Unreachable
from llama_metrics.log import make_logger
from llama_metrics.metrics import AnyFamily
from llama_metrics.scrape import DURATION, REJECTED, SUCCESS, TIMEOUT, Scraper
from tests.support.collectors import VALUE, context, options, scripted, values
from tests.support.waiting import until

GOOD: Callable[[float], float] = lambda _: 1.0  # noqa: E731


def failing(error: Exception) -> Callable[[float], float]:
    """A read that raises."""

    def read(_: float) -> float:
        raise error

    return read


class Bench:
    """A scraper over scripted collectors, its log, and a way to let hanging ones go."""

    def __init__(self, *collectors: AnyCollector, seconds: float = 2.0) -> None:
        self.log = io.StringIO()
        logger = make_logger("info", "logfmt", self.log)
        self.scraper = Scraper([(collector, options(seconds)) for collector in collectors], context(), logger)
        self.scraper.open()

    def lines(self) -> list[str]:
        """What was logged, without the time."""
        return [line.partition(" ")[2] for line in self.log.getvalue().splitlines()]


def health(families: list[AnyFamily]) -> dict[str, tuple[float, float]]:
    """Collector -> success and timeout."""
    success, timeout = values(families, SUCCESS.name), values(families, TIMEOUT.name)
    assert success.keys() == timeout.keys() == values(families, DURATION.name).keys()
    return {name: (success[name], timeout[name]) for name in success}


def test_every_collector_has_its_health_whatever_happens() -> None:
    """Success, timeout and duration are there for one that works, one that fails, one late and one with a bug."""
    release = threading.Event()

    def late(_: float) -> float:
        release.wait(10)
        return 1.0

    bench = Bench(
        scripted("good", GOOD)[0],
        scripted("down", failing(Unreachable("nobody there")))[0],
        scripted("late", late)[0],
        scripted("slow", failing(TimedOut("no answer")))[0],
        scripted("bug", failing(KeyError("x")))[0],
        seconds=0.2,
    )
    families = bench.scraper.collect()
    release.set()

    assert health(families) == {
        "good": (1, 0), "down": (0, 0), "late": (0, 1), "slow": (0, 1), "bug": (0, 0),
    }  # fmt: skip
    assert values(families, VALUE.name) == {"good": 1.0}


def test_twenty_scrapes_at_once_read_once() -> None:
    """Whoever comes while a read is under way gets its result."""
    everyone, release = threading.Barrier(21), threading.Event()

    def read(_: float) -> float:
        release.wait(10)
        return 7.0

    collector, source = scripted("one", read)
    bench = Bench(collector, seconds=5)

    def scrape(_: int) -> dict[str, float]:
        everyone.wait()
        return values(bench.scraper.collect(), VALUE.name)

    with ThreadPoolExecutor(20) as pool:
        results = pool.map(scrape, range(20))
        everyone.wait()
        # All twenty are past the barrier; the read ends only after they have had time to join it.
        threading.Timer(1, release.set).start()
        assert list(results) == [{"one": 7.0}] * 20

    assert source.reads == 1


def test_collectors_run_side_by_side() -> None:
    """Each waits for the other to have started: one after the other, they would both run out of time."""
    together = threading.Barrier(2)

    def read(_: float) -> float:
        together.wait(5)
        return 1.0

    bench = Bench(scripted("one", read)[0], scripted("two", read)[0], seconds=5)

    assert values(bench.scraper.collect(), VALUE.name) == {"one": 1.0, "two": 1.0}


def test_a_duration_is_the_collectors_own() -> None:
    """A fast collector behind a slow one is fast: the scrape's waiting for the slow one is not counted for it."""
    release = threading.Event()

    def slow(_: float) -> float:
        release.wait(10)
        return 1.0

    bench = Bench(scripted("slow", slow)[0], scripted("fast", GOOD)[0], scripted("bad", failing(BadAnswer("x")))[0])
    threading.Timer(0.5, release.set).start()
    took = values(bench.scraper.collect(), DURATION.name)

    assert took["slow"] > 0.4
    assert took["fast"] < took["slow"] / 2
    assert took["bad"] < took["slow"] / 2


def test_a_collector_that_hangs_for_ever_costs_one_thread_and_no_series() -> None:
    """Fifty scrapes of a hung collector read once, start no thread, and still show the other one."""
    release = threading.Event()

    def hang(_: float) -> float:
        release.wait()
        return 1.0

    collector, source = scripted("hung", hang)
    bench = Bench(collector, scripted("good", GOOD)[0], seconds=0.05)
    bench.scraper.collect()
    before = threading.active_count()
    began = time.monotonic()
    for _ in range(50):
        families = bench.scraper.collect()

    assert health(families) == {"hung": (0, 1), "good": (1, 0)}
    assert values(families, VALUE.name) == {"good": 1.0}
    assert (source.reads, threading.active_count()) == (1, before)
    # Once a call is past its bound, nobody waits for it again.
    assert time.monotonic() - began < 50 * 0.05
    release.set()


def test_a_collector_that_hung_works_again_when_it_is_back() -> None:
    """The first scrape after the hung call has ended reads anew."""
    release, answers = threading.Event(), itertools.chain([1.0], itertools.repeat(2.0))

    def read(_: float) -> float:
        answer = next(answers)
        if answer == 1.0:
            release.wait(10)
        return answer

    bench = Bench(scripted("one", read)[0], seconds=0.05)
    assert health(bench.scraper.collect()) == {"one": (0, 1)}
    release.set()

    # The hung call ends on its own thread, which gives no sign to those who no longer wait for it.
    until(lambda: values(bench.scraper.collect(), VALUE.name) == {"one": 2.0})


def test_the_time_of_the_scrape_bounds_the_wait_but_not_the_read() -> None:
    """A scrape with little time leaves early; the read keeps its own bound, and the next scrape gets its result."""
    release, bounds = threading.Event(), []

    def read(deadline: float) -> float:
        bounds.append(deadline - time.monotonic())
        release.wait(10)
        return 1.0

    bench = Bench(scripted("one", read)[0], seconds=5)
    assert health(bench.scraper.collect(seconds=0.05)) == {"one": (0, 1)}
    release.set()

    assert values(bench.scraper.collect(seconds=5), VALUE.name) == {"one": 1.0}
    assert bounds[0] > 4


def test_where_the_gate_fails_nothing_else_of_its_scope_is_shown() -> None:
    """Target series go with the gate; those of the host, and everyone's health, stay."""
    bench = Bench(
        scripted("version", failing(Unreachable("down")), gate=True)[0],
        scripted("ps", GOOD)[0],
        scripted("disk", GOOD, "host")[0],
    )
    families = bench.scraper.collect()

    assert values(families, VALUE.name) == {"disk": 1.0}
    assert health(families) == {"version": (0, 0), "ps": (1, 0), "disk": (1, 0)}
    assert values(bench.scraper.collect(["ps"]), VALUE.name) == {"ps": 1.0}


def test_only_the_named_collectors_are_read() -> None:
    """`collect[]` leaves the others alone, and their health out."""
    one, other = scripted("one", GOOD), scripted("other", GOOD)
    families = Bench(one[0], other[0]).scraper.collect(["other"])

    assert (one[1].reads, other[1].reads) == (0, 1)
    assert list(health(families)) == ["other"]


def test_rejected_readings_are_counted_from_the_first_page() -> None:
    """The counter is 0 before anything was rejected, and then what the source says."""
    collector, source = scripted("one", GOOD)
    bench = Bench(collector)

    assert values(bench.scraper.collect(), REJECTED.name) == {"one": 0}
    source.rejected = 3
    assert values(bench.scraper.collect(), REJECTED.name) == {"one": 3}


def test_the_log_tells_changes_and_not_scrapes() -> None:
    """A line when trouble begins, when it becomes another trouble, and when it ends; however many scrapes between."""
    script = iter(
        [GOOD, GOOD, *[failing(Unreachable("nobody"))] * 3, *[failing(BadAnswer("HTTP 500"))] * 3, GOOD, GOOD]
    )
    bench = Bench(scripted("one", lambda deadline: next(script)(deadline))[0])
    for _ in range(10):
        bench.scraper.collect()

    assert bench.lines() == [
        'level=warning msg="collector fails" collector=one error=nobody',
        'level=warning msg="collector fails" collector=one error="HTTP 500"',
        'level=info msg="collector has recovered" collector=one',
    ]


def test_a_bug_is_logged_once_with_its_traceback() -> None:
    """Ours to fix: the traceback is there, on one line, once."""
    bench = Bench(scripted("one", failing(ZeroDivisionError("oops")))[0])
    for _ in range(3):
        bench.scraper.collect()

    assert len(bench.lines()) == 1
    assert "please report it" in bench.lines()[0]
    assert "ZeroDivisionError: oops" in bench.lines()[0]
    assert "Traceback" in bench.lines()[0]


def test_a_render_with_a_bug_costs_that_collector_alone() -> None:
    """NaN from a source is a bug of ours; the page is still served."""
    bench = Bench(scripted("nan", lambda _: float("nan"))[0], scripted("good", GOOD)[0])

    assert health(bench.scraper.collect()) == {"nan": (0, 0), "good": (1, 0)}


def test_stopping_answers_those_who_wait() -> None:
    """A scrape under way at the stop is answered: what is still out counts as timed out; later scrapes do not wait."""
    started = threading.Event()

    def hang(_: float) -> float:
        started.set()
        threading.Event().wait(30)
        return 1.0

    bench = Bench(scripted("hung", hang)[0], scripted("good", GOOD)[0], seconds=20)
    with ThreadPoolExecutor(1) as pool:
        scrape = pool.submit(bench.scraper.collect)
        started.wait(5)
        bench.scraper.stop(0.05)

        assert health(scrape.result(5)) == {"hung": (0, 1), "good": (1, 0)}
    assert health(bench.scraper.collect()) == {"hung": (0, 1), "good": (0, 1)}


@pytest.mark.parametrize("count", [1, 30])
def test_a_page_of_results_is_kept_for_people(count: int) -> None:
    """`last` is the latest result of each collector, and None before the first scrape."""
    bench = Bench(scripted("one", failing(BadAnswer("HTTP 500")))[0])
    assert bench.scraper.last() == (None,)
    for _ in range(count):
        bench.scraper.collect()
    (last,) = bench.scraper.last()

    assert last is not None
    assert str(last.error) == "HTTP 500"
