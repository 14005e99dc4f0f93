"""What is told of Ollama's processes."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

from llama_metrics.collectors.process.reading import SERVER
from tests.support.fake_ollama import FakeOllama, hang, http
from tests.unit.process.watched import Watched, api

A, B = ("runner", "a:latest"), ("runner", "b:latest")
UNKNOWN = ("runner", "unknown")


def test_what_processes_use_is_summed_by_model(tmp_path: Path, ollama: FakeOllama) -> None:
    """Two runners of a: memory and threads are sums, the start is the later one's; another user's files are absent."""
    watched = Watched("linux_0.33", tmp_path, ollama.url)
    reading = watched.read()

    assert (reading.servers, reading.runners, reading.connections) == (1, 3, 7)
    assert watched.asked == [800]
    assert [(one.label, one.resident, one.threads, one.open_fds, one.started) for one in reading.groups] == [
        (A, 7_000_000_000, 40, None, 2100.0),
        (B, 9_000_000_000, 21, None, 2200.0),
        (SERVER, 90_000_000, 24, None, 1020.0),
    ]
    assert reading.cpu == {A: 0.0, B: 0.0, SERVER: 0.0}


def test_cpu_seconds_are_steps_from_when_we_began(tmp_path: Path, ollama: FakeOllama) -> None:
    """And a sum stays when one of its processes ends."""
    watched = Watched("linux_0.33", tmp_path, ollama.url)
    watched.read()
    watched.table.change(900, cpu=61.0)
    watched.table.change(901, cpu=31.25)
    assert watched.read().cpu == {A: 1.5, B: 0.0, SERVER: 0.0}
    del watched.table.rows[901]
    watched.table.change(900, cpu=62.0)

    assert watched.read().cpu == {A: 2.5, B: 0.0, SERVER: 0.0}


def test_the_seconds_of_a_short_life_are_not_lost(tmp_path: Path, ollama: FakeOllama) -> None:
    """A runner is seen once, when its sum begins at 0; what it had used by then is there when it has ended."""
    watched = Watched("linux_0.33", tmp_path, ollama.url)
    late = watched.table.rows.pop(902)
    watched.read()
    watched.table.rows[902] = late
    assert watched.read().cpu[B] == 0.0
    del watched.table.rows[902]

    assert watched.read().cpu == {A: 0.0, B: 7.25, SERVER: 0.0}


def test_a_later_process_of_a_pid_is_another_one(tmp_path: Path, ollama: FakeOllama) -> None:
    """A runner is replaced by one with its pid between two scrapes: the second one's seconds are all new."""
    watched = Watched("linux_0.33", tmp_path, ollama.url)
    watched.read()
    watched.table.change(902, cpu=4.0, started=3000.0)
    assert watched.read().runners == 2

    assert watched.read().cpu[B] == 4.0
    assert watched.read().runners == 3


def test_descriptors_are_summed_where_all_are_seen(tmp_path: Path, ollama: FakeOllama) -> None:
    """A part of a sum would be no sum."""
    watched = Watched("linux_0.33", tmp_path, ollama.url)
    for pid in (900, 902):
        watched.table.change(pid, open_fds=11)

    assert [one.open_fds for one in watched.read().groups] == [None, 11, None]


def test_cpu_seconds_that_are_not_permitted_are_no_0(tmp_path: Path, ollama: FakeOllama) -> None:
    """macOS hides them of other users' processes."""
    watched = Watched("linux_0.33", tmp_path, ollama.url)
    watched.table.change(800, cpu=None, resident=None, threads=None)

    assert watched.read().cpu == {A: 0.0, B: 0.0}


def test_names_are_asked_for_once(tmp_path: Path, ollama: FakeOllama) -> None:
    """A runner keeps its model; a scrape without a new one asks nothing, however late it is."""
    watched = Watched("linux_0.33", tmp_path, ollama.url)
    watched.read()
    watched.ahead = 3600
    watched.read()

    assert ollama.asked == {"/api/version": 1, "/api/tags": 1, "/api/show": 2}


def test_a_model_that_was_pulled_just_now_is_found(tmp_path: Path, ollama: FakeOllama) -> None:
    """Its runner is new, so the list of models is asked for anew."""
    watched = Watched("linux_0.33", tmp_path, ollama.url)
    late = watched.table.rows.pop(902)
    ollama.answers = api("a:latest")
    assert watched.read().cpu == {A: 0.0, SERVER: 0.0}
    ollama.answers = api("a:latest", "b:latest")
    ollama.answers["/api/show"] = http(json.dumps({"modelfile": f"FROM /x/sha256-{'b' * 64}\n"}))
    watched.table.rows[902] = late

    assert watched.read().cpu == {A: 0.0, B: 0.0, SERVER: 0.0}


def test_while_a_name_is_searched_for_its_series_wait(tmp_path: Path, ollama: FakeOllama) -> None:
    """No blob is ever a label; the process is counted, and what it uses meanwhile is not lost."""
    watched = Watched("linux_0.33", tmp_path, ollama.url)
    answers = [*[ollama.answers["/api/show"]], hang]

    def show(connection: socket.socket) -> None:
        answers.pop(0)(connection)

    ollama.answers["/api/show"] = show
    reading = watched.read(0.6)
    assert (reading.runners, [one.label for one in reading.groups], set(reading.cpu)) == (3, [SERVER], {SERVER})
    watched.table.change(902, cpu=17.25)
    ollama.answers["/api/show"] = http(json.dumps({"modelfile": f"FROM /x/sha256-{'b' * 64}\n"}))
    assert [one.label for one in watched.read().groups] == [A, B, SERVER]

    assert watched.read().cpu == {A: 0.0, B: 10.0, SERVER: 0.0}


def test_a_model_that_nobody_knows_is_unknown(tmp_path: Path) -> None:
    """Ollama is gone and left its runners: their memory is told all the same, and their seconds go on."""
    with FakeOllama({}) as gone:
        pass
    watched = Watched("linux_0.33", tmp_path, gone.url)
    reading = watched.read()
    assert [(one.label, one.resident) for one in reading.groups] == [(UNKNOWN, 16_000_000_000), (SERVER, 90_000_000)]
    watched.table.change(902, cpu=8.25)

    assert watched.read().cpu == {UNKNOWN: 1.0, SERVER: 0.0}


def test_what_was_unknown_may_be_known_later(tmp_path: Path, ollama: FakeOllama) -> None:
    """Ollama answers again: the runners get their names, and what they use from then on is theirs."""
    answers, ollama.answers = ollama.answers, {}
    watched = Watched("linux_0.33", tmp_path, ollama.url)
    assert [one.label for one in watched.read().groups] == [UNKNOWN, SERVER]
    ollama.answers = answers
    assert [one.label for one in watched.read().groups] == [A, B, SERVER]
    watched.table.change(902, cpu=8.25)

    assert watched.read().cpu == {UNKNOWN: 0.0, A: 0.0, B: 1.0, SERVER: 0.0}


def test_an_ollama_that_hangs_costs_a_share_of_the_time(tmp_path: Path) -> None:
    """What needs no answer is told."""
    with FakeOllama({"/api/version": hang}) as ollama:
        watched = Watched("linux_0.33", tmp_path, ollama.url)
        end = time.monotonic() + 1.0
        reading = watched.source.read(end)

        assert time.monotonic() < end
        assert [one.label for one in reading.groups] == [UNKNOWN, SERVER]
