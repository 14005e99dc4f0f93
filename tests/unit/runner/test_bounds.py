"""How long a scrape of runners may take, and how many are asked: whatever the runners do, or Ollama."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from llama_metrics.collectors.runner.metrics import OTHER, READY, SILENT
from llama_metrics.collectors.runner.reading import Runner, Slots
from llama_metrics.collectors.runner.source import MOST
from llama_metrics.errors import TimedOut
from llama_metrics.ollama.names import UNKNOWN
from tests.support.fake_ollama import FakeOllama, hang, http
from tests.support.fake_runner import FakeRunner, runner_row, slots, table
from tests.support.process_table import ProcessTable, row
from tests.support.waiting import until
from tests.unit.runner.asked import Ask, B

A_DIGITS = "a" * 12


def test_an_ollama_that_hangs_takes_no_time_from_its_runners(ask: Ask) -> None:
    """A runner that answers late, beside an API that does not answer at all: its slots are told, in time."""

    def late(connection: socket.socket) -> None:
        time.sleep(0.6)  # this is how late it is; a scrape's time is one second
        http(slots(True))(connection)

    with FakeOllama({"/api/version": hang}) as ollama, FakeRunner({"/slots": late}) as runner:
        asked = ask(table(runner.row(900)), ollama.url)
        end = time.monotonic() + 1.0
        read = asked.source.read(end)

        assert time.monotonic() < end
        assert read.runners == (Runner(A_DIGITS, READY, Slots(1, 0, 37)),)


def test_no_answer_is_waited_for_when_the_time_is_over(ask: Ask) -> None:
    """Wherever the time has gone: here, to the search for a name, in which the clock jumps. Nor is an old one told."""

    def late(connection: socket.socket) -> None:
        time.sleep(0.5)  # any time that is longer than the scrape takes, for nothing is left to wait
        http(slots(True))(connection)

    def jump(connection: socket.socket) -> None:
        asked.ahead += 100.0
        http('{"version":"0.33.0"}')(connection)

    with FakeOllama() as ollama, FakeRunner() as runner:
        asked = ask(table(runner.row(900)), ollama.url)
        assert asked.states() == [READY]
        ollama.answers, runner.answers = {"/api/version": jump}, {"/slots": late}

        assert asked.states() == [SILENT]


def test_slots_that_were_told_are_not_lost_to_counters_that_were_not(ask: Ask) -> None:
    """The time is over while the second question is open, which nobody waits for."""

    def late(connection: socket.socket) -> None:
        time.sleep(0.5)  # any time that is longer than the scrape takes
        http("llamacpp:tokens_predicted_total 7\n")(connection)

    def jump(connection: socket.socket) -> None:
        until(lambda: runner.asked["/metrics"])
        asked.ahead += 100.0
        http('{"version":"0.33.0"}')(connection)

    answers = {"/slots": http(slots(True)), "/metrics": late}
    with FakeOllama({"/api/version": jump}) as ollama, FakeRunner(answers) as runner:
        asked = ask(table(runner.row(900)), ollama.url, metrics=True)

        assert asked.one() == Runner(A_DIGITS, READY, Slots(1, 0, 37))


def test_one_that_hangs_costs_the_others_nothing(ask: Ask) -> None:
    """Each is asked on a thread of its own."""
    with FakeRunner({"/slots": hang}) as wedged, FakeRunner() as well:
        rows = [wedged.row(pid) for pid in range(900, 920)]
        asked = ask(table(*rows, well.row(950, B)))
        end = time.monotonic() + 1.0
        read = asked.source.read(end)

        assert time.monotonic() < end
        assert [one.state for one in read.runners] == [SILENT] * 20 + [READY]


def test_closing_ends_threads_and_connections(ask: Ask) -> None:
    """Those of runners that are gone too, and also while one hangs."""
    with FakeRunner({"/slots": hang}) as wedged, FakeRunner() as well:
        asked = ask(table(wedged.row(900), well.row(901)))
        asked.read(0.2)
        mine = {thread for thread in threading.enumerate() if thread.name.startswith("collect-runner-")}
        assert len(mine) == 2
        del asked.table.rows[901]
        assert asked.states(0.2) == [SILENT]
        assert until(lambda: sum(thread.is_alive() for thread in mine) == 1)
        with ThreadPoolExecutor() as other:
            reading = other.submit(asked.read, 0.6)
            until(lambda: wedged.asked["/slots"] == 3)
            asked.source.close()
            with pytest.raises(TimedOut, match="is not asked any more"):
                reading.result()

        assert until(lambda: not any(thread.is_alive() for thread in mine))


def test_no_more_than_so_many_are_asked(ask: Ask) -> None:
    """5,000 runners below the server: 64 are asked, the others are shown as such, and it ends in time."""
    with FakeRunner() as runner:
        rows = [runner_row(pid, runner.port, f"sha256-{pid:064x}") for pid in range(10_000, 15_000)]
        asked = ask(table(*rows))
        end = time.monotonic() + 10.0
        read = asked.source.read(end)
        asked.source.close()

        assert time.monotonic() < end
        assert runner.asked["/slots"] == MOST == 64
    assert Counter(one.state for one in read.runners) == {READY: 64, OTHER: 4936}
    # One digest for each that is asked, for these blobs begin alike, and one label for the rest.
    assert {one.model for one in read.runners} == {"0" * 12, UNKNOWN}


def test_thousands_of_new_processes_do_not_hold_a_scrape_up(ask: Ask) -> None:
    """Half of the time is for looking; who is not done by then says so, and nobody is asked."""

    class Slow(ProcessTable):
        def command(self, pid: int) -> object:  # type: ignore[override]
            asked.ahead += 1.0
            return super().command(pid)

    with FakeRunner() as runner:
        many = {pid: row(f"{pid} 1 0 0 0 1 0 sh sh") for pid in range(10_000, 15_000)}
        slow = Slow(*table(runner.row(900)).rows.values(), *many.values())
        asked = ask(slow)
        with pytest.raises(TimedOut, match="not all of 5003 could be looked at in time"):
            asked.read(1000.0)
        assert len(slow.read) == 500
        assert not runner.asked
        for _ in range(2):
            with pytest.raises(TimedOut):
                asked.read(4000.0)

        assert asked.states(2000.0) == [READY]
        assert len(slow.read) == 5003
