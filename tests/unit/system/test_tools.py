"""Small programs run side by side: real ones, which answer, hang, fail and talk without end."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from llama_metrics.errors import BadAnswer, NotPermitted, SourceError, TimedOut, Unsupported
from llama_metrics.system.tools import Answer, ask
from tests.support.waiting import until

# Longer than any test waits for a program that answers; where one hangs, the test lets time run out earlier.
LONG = 30.0
STAY = "time.sleep(600)"  # in the program: it is killed long before, and that is what is tested


def python(code: str) -> list[str]:
    """A program that does this."""
    return [sys.executable, "-I", "-S", "-c", code]


def test_each_has_its_own_answer() -> None:
    """What it printed, its status, and what it said on standard error."""
    answers = ask(
        {
            "good": ["/bin/echo", "42"],
            "bad": python("import sys; sys.stdout.write('half'); sys.stderr.write('no such name\\n'); sys.exit(3)"),
            "silent": ["/bin/true"],
        },
        LONG,
    )

    assert answers == {
        "good": Answer(0, b"42\n", ""),
        "bad": Answer(3, b"half", "no such name"),
        "silent": Answer(0, b"", ""),
    }


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """That is Unsupported, and the others answer; a folder and a file without the right to be run are NotPermitted."""
    (tmp_path / "text").write_text("no program")
    answers = ask({"gone": [f"{tmp_path}/gone"], "text": [f"{tmp_path}/text"], "here": ["/bin/echo"]}, LONG)

    assert (type(answers["gone"]), str(answers["gone"])) == (Unsupported, f"{tmp_path}/gone is not on this machine")
    assert type(answers["text"]) is NotPermitted
    assert str(answers["text"]) == f"{tmp_path}/text cannot be run: permission denied"
    assert answers["here"] == Answer(0, b"\n", "")


def test_one_that_hangs_takes_nothing_from_the_others() -> None:
    """However they are ordered; it is killed, though it does not care about other signals."""
    hangs = python(f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); {STAY}")
    answers = ask({"hangs": hangs, "large": ["/usr/bin/head", "-c", "200000", "/dev/zero"]}, 3.0)

    assert type(answers["hangs"]) is TimedOut
    assert str(answers["hangs"]) == f"{sys.executable} gives no answer within 3.0 s"
    assert answers["large"] == Answer(0, bytes(200_000), "")


def test_nobody_has_an_answer_in_no_time() -> None:
    """Where the scrape's time is over before it begins, that is a timeout and no bug."""
    assert {
        type(answer) for answer in ask({"one": ["/bin/sleep", "600"], "two": ["/bin/sleep", "600"]}, 0.0).values()
    } == {TimedOut}


def test_one_that_closes_its_output_and_stays() -> None:
    """An end of output is no end of the program; it is killed too."""
    stays = python(f"import os, time; os.write(1, b'1'); os.close(1); os.close(2); {STAY}")

    assert type(ask({"stays": stays}, 1.0)["stays"]) is TimedOut


def test_what_a_program_has_started_goes_with_it(tmp_path: Path) -> None:
    """A child of the child that holds the output open is killed as well, though its parent has ended."""
    file = tmp_path / "pid"
    script = f"/bin/sleep 600 & echo $! > {file}.part; mv {file}.part {file}; echo said"
    answers = ask({"parent": ["/bin/sh", "-c", script]}, 2.0)
    grandchild = int(file.read_text())

    assert type(answers["parent"]) is TimedOut
    assert until(lambda: _is_gone(grandchild))


def _is_gone(pid: int) -> bool:
    """Whether no such process runs; one that nobody has waited for yet runs no more."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_one_that_talks_without_end() -> None:
    """What it prints is bounded, and nobody listens until time is over; so is what it says as an error."""
    started = time.monotonic()
    answers = ask(
        {
            "endless": ["/bin/sh", "-c", "while :; do echo 0123456789abcdef0123456789abcdef; done"],
            "noisy": python("import sys; sys.stderr.write('x' * 500_000 + 'the end'); print(1)"),
            "other": ["/bin/echo", "42"],
        },
        LONG,
    )
    noisy = answers["noisy"]

    assert time.monotonic() - started < LONG
    assert type(answers["endless"]) is BadAnswer
    assert str(answers["endless"]) == "/bin/sh prints more than 8 MiB"
    assert isinstance(noisy, Answer)
    assert (noisy.out, noisy.said) == (b"1\n", "x" * 293 + "the end")
    assert answers["other"] == Answer(0, b"42\n", "")


def test_one_that_is_killed_by_another() -> None:
    """Its status is negative."""
    answer = ask({"killed": ["/bin/sh", "-c", "kill -9 $$"]}, LONG)["killed"]

    assert answer == Answer(-9, b"", "")


def test_the_language_of_the_exporter_is_not_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """They run in the C locale with the system's own PATH, and with nothing else of our environment."""
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("SECRET", "1")
    answer = ask({"env": ["/usr/bin/env"]}, LONG)["env"]

    assert isinstance(answer, Answer)
    assert sorted(answer.out.decode().splitlines()) == ["LC_ALL=C", "PATH=/usr/bin:/bin:/usr/sbin:/sbin"]


def test_nothing_is_left_open() -> None:
    """A hundred rounds, of which some end badly, leave no descriptor and no child."""
    commands = {"good": ["/bin/true"], "gone": ["/no/such/program"], "late": ["/bin/sleep", "600"]}
    ask(commands, 0.0)
    before = _descriptors()
    started = time.monotonic()
    rounds: list[SourceError | Answer] = [answer for _ in range(100) for answer in ask(commands, 0.0).values()]

    assert (len(rounds), _descriptors()) == (300, before)
    assert time.monotonic() - started < 60, "each round ends at once"
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def _descriptors() -> int:
    folder = Path("/proc/self/fd") if Path("/proc/self/fd").exists() else Path("/dev/fd")
    return len(list(folder.iterdir()))
