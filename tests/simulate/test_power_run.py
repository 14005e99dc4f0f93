"""`llama-metrics simulate --powermetrics` as a process: what it prints, and how it ends."""

from __future__ import annotations

import os
import plistlib
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.support.waiting import until

COMMAND = [sys.executable, "-m", "llama_metrics", "simulate"]


def started(*arguments: str) -> subprocess.Popen[bytes]:
    """`llama-metrics simulate`, its output in pipes."""
    return subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def read(process: subprocess.Popen[bytes], documents: int) -> bytes:
    """What it prints, up to the end of so many documents: no more is written until the next."""
    assert process.stdout is not None
    text = b""
    while text.count(b"</plist>\n") < documents:
        piece = os.read(process.stdout.fileno(), 65536)
        assert piece, "it ended"
        text += piece
    return text


def closed(process: subprocess.Popen[bytes]) -> None:
    """Nobody reads on."""
    assert process.stdout is not None
    process.stdout.close()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """Its status, and what it said on standard error."""
    status = process.wait(timeout=10)
    assert process.stderr is not None
    return status, process.stderr.read()


def test_documents_are_printed_whole_with_a_nul_between_two() -> None:
    """Each at its time, none held back for the next; a signal ends it, and nothing is behind the last."""
    with started("steady", "--powermetrics") as process:
        try:
            text = read(process, documents=2)
            process.terminate()
            end = ended(process)
        finally:
            process.kill()

    assert end == (0, b"")
    assert text.endswith(b"</plist>\n")
    assert text.count(b"\0") == 1
    one, other = (plistlib.loads(document) for document in text.split(b"\0"))
    assert min(one["elapsed_ns"], other["elapsed_ns"]) >= 1e9
    assert other["timestamp"] > one["timestamp"]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (lambda process: process.send_signal(signal.SIGINT), 0),
        # As powermetrics itself ends then.
        (closed, -signal.SIGPIPE),
    ],
    ids=["SIGINT", "closed pipe"],
)
def test_it_ends_without_a_word(end: Callable[[subprocess.Popen[bytes]], None], status: int) -> None:
    """No traceback in the exporter's log."""
    with started("steady", "--powermetrics") as process:
        try:
            read(process, documents=1)
            end(process)
            assert ended(process) == (status, b"")
        finally:
            process.kill()


def test_a_signal_ends_it_while_nobody_reads() -> None:
    """The pipe is full in the middle of a document, and its writer would wait for ever."""
    out, into = os.pipe()
    os.set_blocking(into, False)
    with suppress(BlockingIOError):  # that it is full is what is wanted
        while True:
            os.write(into, bytes(4096))
    os.set_blocking(into, True)
    os.read(out, 4096)
    process = subprocess.Popen([*COMMAND, "steady", "--powermetrics"], stdout=into, stderr=subprocess.PIPE)
    try:
        until(lambda: not select.select([], [into], [], 0)[1])
        process.terminate()
        assert ended(process) == (0, b"")
    finally:
        process.kill()
        process.communicate()
        os.close(out)
        os.close(into)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("nosuch", "--powermetrics"), 1, "llama-metrics: nosuch: is no scenario; "),
        (("steady", "--powermetrics", "--listen", "127.0.0.1:0"), 2, "leave out --listen, --log and --runners\n"),
        (("steady", "--powermetrics", "--log", "x"), 2, "leave out --listen, --log and --runners\n"),
        (("steady", "--powermetrics", "--runners"), 2, "leave out --listen, --log and --runners\n"),
    ],
)
def test_what_it_cannot_do_it_says(arguments: tuple[str, ...], status: int, said: str) -> None:
    """On standard error, and nothing is printed."""
    with started(*arguments) as process:
        out, err = process.communicate(timeout=20)

    assert (process.returncode, out) == (status, b"")
    assert said in err.decode()
