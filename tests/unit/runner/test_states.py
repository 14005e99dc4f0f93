"""The state of a runner, by what its port answers."""

from __future__ import annotations

import socket
import time
import tracemalloc

import pytest

from llama_metrics.collectors.runner.metrics import LOADING, NO_SLOTS, OTHER, READY, SILENT
from llama_metrics.collectors.runner.reading import Counters, Reading, Runner, Slots
from tests.support.fake_ollama import FIXTURES, Behaviour, cut, drip, hang, http, raw, recorded
from tests.support.fake_runner import RECORDED, FakeRunner, moment, runner_row, slots, table
from tests.unit.runner.asked import Ask

OK = b"HTTP/1.1 200 OK\r\n"
LABEL = "a" * 12
COUNTERS = Counters(prompt=36.0, cached=1.0, generated=4.0, prompt_seconds=1.9089, generating_seconds=0.407278)


def ten_gigabytes(connection: socket.socket) -> None:
    """Blanks, as long as somebody takes them."""
    connection.sendall(OK + b"Content-Length: 10737418240\r\n\r\n[")
    for _ in range(10 * 2**10):
        connection.sendall(b" " * 2**20)


ANSWERS: dict[str, tuple[Behaviour, str]] = {
    "it is loading": (http('{"error":{"message":"Loading model","code":503}}', "503 Service Unavailable"), LOADING),
    "0.24 has no such route": (recorded(FIXTURES / "0.24.0/runner/runner_slots.busy.default.http"), NO_SLOTS),
    "slots are switched off": (recorded(RECORDED / "runner_slots.busy.slots_off.http"), NO_SLOTS),
    "it wants a key": (recorded(RECORDED / "runner_slots.busy.api_key.http"), OTHER),
    "it has trouble": (http("", "500 Internal Server Error"), OTHER),
    "a stranger's JSON": (http('[{"id":1,"name":"x"}]'), OTHER),
    "no slots at all": (http("[]"), OTHER),
    "a page": (http("<html>It works!</html>"), OTHER),
    "no body": (http(""), OTHER),
    "garbage": (raw(bytes(range(256)) * 10), OTHER),
    "it hangs up": (cut(b""), OTHER),
    "a body cut in the middle": (cut(OK + b'Content-Length: 500\r\n\r\n[{"id":0,'), OTHER),
    "a redirect": (http("", "302 Found", "Location: http://192.0.2.1/x"), OTHER),
    "10 GB": (ten_gigabytes, OTHER),
    "brackets without end": (http("[" * 200_000), OTHER),
    "it says nothing": (hang, SILENT),
    "a byte a fifth of a second": (drip(OK + b"Content-Length: 500\r\n\r\n", b" "), SILENT),
    "headers without end": (drip(OK, b"X-Drip: 1\r\n"), SILENT),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_no_slots_is_a_state_in_time(name: str, ask: Ask) -> None:
    """Each answer has its state, and nothing else is told of the runner; counters are not asked for."""
    answer, state = ANSWERS[name]
    with FakeRunner({"/slots": answer}) as runner:
        asked = ask(table(runner.row(900)))
        end = time.monotonic() + 1.0
        read = asked.source.read(end)

        assert time.monotonic() < end
        assert read.runners == (Runner(LABEL, state),)
        assert set(runner.asked) <= {"/slots"}


def test_slots_and_counters(ask: Ask) -> None:
    """A runner at work, as it was recorded; each question says that the connection is not to be kept."""
    with FakeRunner(moment("busy")) as runner:
        told = ask(table(runner.row(900)), metrics=True).one()

        assert told == Runner(LABEL, READY, Slots(busy=1, idle=0, context_used=37), COUNTERS)
        assert [head.split(" ")[1] for head in runner.heads] == ["/slots", "/metrics"]
        assert all("\r\nConnection: close\r\n" in head for head in runner.heads)


def test_counters_are_asked_for_where_it_is_configured(ask: Ask) -> None:
    """Else the route is left alone."""
    with FakeRunner(moment("busy")) as runner:
        assert ask(table(runner.row(900))).one().counters is None
        assert set(runner.asked) == {"/slots"}


@pytest.mark.parametrize(
    "answer",
    [recorded(RECORDED / "runner_metrics.busy.default.http"), http("up 1\n"), hang],
    ids=["not allowed", "a stranger's", "silence"],
)
def test_without_counters_its_slots_are_told(answer: Behaviour, ask: Ask) -> None:
    """It is ready all the same."""
    with FakeRunner({**moment("busy"), "/metrics": answer}) as runner:
        told = ask(table(runner.row(900)), metrics=True).one(1.0)

    assert told == Runner(LABEL, READY, Slots(busy=1, idle=0, context_used=37))


def test_counters_without_slots(ask: Ask) -> None:
    """An operator may switch one off and the other on."""
    off = recorded(RECORDED / "runner_slots.busy.slots_off.http")
    with FakeRunner({**moment("busy"), "/slots": off}) as runner:
        told = ask(table(runner.row(900)), metrics=True).one()

    assert told == Runner(LABEL, NO_SLOTS, None, COUNTERS)


def test_nobody_listens_yet(ask: Ask) -> None:
    """It is loading."""
    with FakeRunner() as gone:
        pass

    assert ask(table(gone.row(900))).states() == [LOADING]


def test_the_network_of_another_container(ask: Ask) -> None:
    """Its loopback is not ours: who listens on that port here is a stranger, and is not asked."""
    with FakeRunner(moment("busy")) as stranger:
        asked = ask(table(stranger.row(900)))
        asked.table.elsewhere = {900}

        assert asked.read() == Reading((), elsewhere=1)
        assert not stranger.asked


@pytest.mark.parametrize("port", ["0", "65536", "99999", "none"])
def test_a_port_that_is_none(port: str, ask: Ask) -> None:
    """Nobody is asked."""
    assert ask(table(runner_row(900, port)), metrics=True).states() == [OTHER]


def test_values_that_cannot_be_true_are_counted(ask: Ask) -> None:
    """They are dropped, of slots and of counters alike, and the rest is told."""
    metrics = "llamacpp:prompt_tokens_total -1\nllamacpp:tokens_predicted_total 7\n"
    with FakeRunner({"/slots": http(slots(True, tokens=-5)), "/metrics": http(metrics)}) as runner:
        asked = ask(table(runner.row(900)), metrics=True)
        told = asked.one()
        assert (told.slots, asked.source.rejected) == (Slots(1, 0, None), 2)
        asked.read()

    assert told.counters == Counters(None, None, 7.0, None, None)
    assert asked.source.rejected == 4


def test_memory_is_bounded(ask: Ask) -> None:
    """However much a stranger sends."""
    with FakeRunner({"/slots": ten_gigabytes}) as runner:
        asked = ask(table(runner.row(900)))
        tracemalloc.start()
        asked.read()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert most < 50 * 2**20
