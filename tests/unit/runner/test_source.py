"""Which runners are asked, and what they are called."""

from __future__ import annotations

import json
import socket
from collections import Counter

import pytest

from llama_metrics.collectors.runner.metrics import READY
from llama_metrics.errors import NotPermitted
from llama_metrics.ollama.names import UNKNOWN
from tests.support.fake_ollama import FakeOllama, hang, http
from tests.support.fake_runner import BLOB, FakeRunner, slots, table
from tests.support.process_table import ProcessTable
from tests.unit.runner.asked import Ask, B, api

A_DIGITS, B_DIGITS = "a" * 12, "b" * 12


def test_a_runner_goes_by_the_name_of_its_model(ask: Ask) -> None:
    """One whose model is not installed any more goes by digits, one that is no blob by the name that it names."""
    with FakeOllama(api()) as ollama, FakeRunner() as runner:
        rows = [runner.row(900), runner.row(901, B), runner.row(902, "a:latest"), runner.row(903, "gone:latest")]
        read = ask(table(*rows), ollama.url).read()

    assert [(one.model, one.state) for one in read.runners] == [
        ("a:latest", READY),
        (B_DIGITS, READY),
        ("a:latest", READY),
        (UNKNOWN, READY),
    ]


def test_a_name_stays_once_it_is_certain(ask: Ask) -> None:
    """An Ollama that hangs later takes nothing away, and is not asked again; one that answers later gives a name."""
    with FakeOllama(api()) as ollama, FakeRunner() as runner:
        answers, ollama.answers = ollama.answers, {"/api/version": hang}
        asked = ask(table(runner.row(900)), ollama.url)
        assert asked.one(0.3).model == A_DIGITS
        ollama.answers = answers
        assert asked.one().model == "a:latest"
        ollama.answers, ollama.asked = {"/api/version": hang}, Counter()
        asked.ahead = 3600

        assert asked.one().model == "a:latest"
        assert not ollama.asked


def test_a_model_that_was_pulled_just_now_is_found(ask: Ask) -> None:
    """Its runner is new, so the list of models is asked for anew."""
    with FakeOllama(api(b=B)) as ollama, FakeRunner() as runner:
        asked = ask(table(runner.row(900, B)), ollama.url)
        assert asked.one().model == "b:latest"
        ollama.answers = {**ollama.answers, **api(b=B, c=BLOB)}
        ollama.answers["/api/show"] = http(json.dumps({"modelfile": f"FROM /x/{BLOB}\n"}))
        asked.table.rows[901] = runner.row(901)

        assert [one.model for one in asked.read().runners] == ["b:latest", "c:latest"]


def test_while_a_name_is_searched_for_its_runner_waits(ask: Ask) -> None:
    """Two models can be made of one blob: as long as not all of them are known, there is no name."""
    with FakeOllama(api(a=BLOB, c=B)) as ollama, FakeRunner() as runner:
        show, once = ollama.answers["/api/show"], [1]

        def first_only(connection: socket.socket) -> None:
            (show if once and once.pop() else hang)(connection)

        ollama.answers["/api/show"] = first_only
        asked = ask(table(runner.row(900)), ollama.url)
        assert asked.read(0.5).runners == ()
        ollama.answers["/api/show"] = http('{"modelfile":"FROM /x/y\\n"}')

        assert asked.one().model == "a:latest"


class Ending(ProcessTable):
    """A runner that ends while it is asked, in the way a test says."""

    def __init__(self, base: ProcessTable) -> None:
        super().__init__(*base.rows.values())

    def end(self) -> None:
        """Gone."""
        del self.rows[900]

    def replace(self) -> None:
        """Another process has its pid."""
        self.change(900, started=9999.0)


@pytest.mark.parametrize("how", [Ending.end, Ending.replace], ids=["gone", "another has its pid"])
def test_a_stranger_on_the_port_of_a_dead_runner_is_not_shown(how: object, ask: Ask) -> None:
    """What answers there when the runner has ended is nobody's."""
    with FakeRunner() as stranger:
        ending = Ending(table(stranger.row(900)))

        def end_first(connection: socket.socket) -> None:
            how(ending)  # type: ignore[operator]
            http(slots(True, True, True))(connection)

        stranger.answers["/slots"] = end_first
        asked = ask(ending)

        assert asked.read().runners == ()


def test_one_that_ended_between_two_scrapes(ask: Ask) -> None:
    """Another process with its pid is none of ours, until the tree knows what it is."""
    with FakeRunner() as runner:
        asked = ask(table(runner.row(900)))
        assert asked.states() == [READY]
        asked.table.change(900, started=9999.0, command=("sh",), parent=1)
        assert asked.read().runners == ()
        assert asked.read().runners == ()
        del asked.table.rows[900]

        assert asked.read().runners == ()
        assert runner.asked["/slots"] == 1


def test_only_ollamas_own_runners_are_asked(ask: Ask) -> None:
    """Not somebody else's llama-server, nor one without a model, nor a port that a client of Ollama names."""
    with FakeRunner() as runner:
        mine = ProcessTable.load("linux_0.33")
        for pid in (900, 901, 902):
            del mine.rows[pid]
        for pid, one in mine.rows.items():
            words = tuple(word.replace("8080", str(runner.port)) for word in one.command or ())
            mine.change(pid, command=words)

        assert ask(mine).read().runners == ()
        assert not runner.asked


def test_where_processes_are_hidden_it_is_not_permitted(ask: Ask) -> None:
    """None is seen, and there may be some."""
    with pytest.raises(NotPermitted, match="does not show us all processes; run the exporter as"):
        ask(ProcessTable.load("hidden")).read()
    assert ask(ProcessTable.load("none")).read().runners == ()
