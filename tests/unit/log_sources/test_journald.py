"""The journal as a source: a real child process stands in for journalctl."""

from __future__ import annotations

import os
import signal
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors.log.sources.journal_records import LONGEST_RECORD, RecordReader, Unbroken
from llama_metrics.collectors.log.sources.journald import JournalSource
from llama_metrics.collectors.log.sources.source import Block
from llama_metrics.errors import BadAnswer, NotPermitted, Unreachable, Unsupported
from llama_metrics.system.backoff import Backoff
from tests.support.fake_journal import FakeJournal
from tests.support.reading import Read, read_until


@pytest.fixture
def journal(tmp_path: Path) -> FakeJournal:
    """A journal without records."""
    return FakeJournal(tmp_path)


@pytest.fixture
def source(journal: FakeJournal) -> Iterator[JournalSource]:
    """The source that reads it, and tries again soon."""
    source = JournalSource("ollama", "monitor", journal.program, Backoff(first=0.01))
    yield source
    source.close()


def is_gone(pid: int) -> bool:
    """Whether no process, not even a zombie, has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def lives(source: JournalSource, journal: FakeJournal) -> Read:
    """Reads until the source follows."""
    return read_until(source, lambda _: any("--follow" in run for run in journal.runs()))


def test_the_past_is_the_present_invocation_and_ends_exactly_where_live_begins(
    journal: FakeJournal, source: JournalSource
) -> None:
    """Records there before are past, those of an earlier start left out; later ones live; none is missing or twice."""
    journal.add("before the last start", _SYSTEMD_INVOCATION_ID="former")
    journal.add("Listening")
    journal.add("loaded runners")
    read = lives(source, journal)
    journal.add("one")
    read = read_until(source, lambda read: bool(read.live), read)
    journal.add("two")
    read = read_until(source, lambda read: len(read.live) > 1, read)

    assert (read.past, read.live) == (["Listening", "loaded runners"], ["one", "two"])
    assert (read.errors, source.rotations, source.unread()) == ([], 0, None)


def test_the_unit_is_named_and_nothing_is_shortened(journal: FakeJournal, source: JournalSource) -> None:
    """journalctl is asked for the unit, and with --all: otherwise the server's configuration is null."""
    journal.add("server config " + "x" * 5000)
    read = read_until(source, lambda read: bool(read.past))

    assert len(read.past[0]) == 5014
    assert all("--unit=ollama" in run for run in journal.runs())


def test_a_killed_child_is_replaced_where_it_was(journal: FakeJournal, source: JournalSource) -> None:
    """What was written while it was dead comes, what came before does not come again; it is said once."""
    journal.add("past")
    read = lives(source, journal)
    journal.add("one")
    read = read_until(source, lambda read: bool(read.live), read)
    os.kill(journal.pid(), signal.SIGKILL)
    journal.add("two")
    read = read_until(source, lambda read: len(read.live) == 2, read)
    journal.add("three")
    read = read_until(source, lambda read: len(read.live) == 3, read)

    assert (read.past, read.live, source.rotations) == (["past"], ["one", "two", "three"], 1)
    assert [(type(error), str(error)) for error in read.errors] == [
        (Unreachable, f"{journal.program} ended with status -9: no reason given")
    ]


def test_a_record_that_was_removed_takes_no_other_with_it(journal: FakeJournal, source: JournalSource) -> None:
    """Where the last record read is gone when the child is started again, the next one is read all the same."""
    journal.add("past")
    read = lives(source, journal)
    os.kill(journal.pid(), signal.SIGKILL)
    journal.forget()
    journal.add("one")
    read = read_until(source, lambda read: bool(read.live), read)

    assert read.live == ["one"]


def test_every_spelling_of_a_message(journal: FakeJournal, source: JournalSource) -> None:
    """Text, numbers for what is not UTF-8; what is null or no message at all is left out."""
    for message in ("café", [99, 97, 102, 233], None, [["a"]], [300], 7, {"a": 1}, ""):
        journal.add(message)
    read = lives(source, journal)

    assert read.past == ["café", b"caf\xe9".decode("utf-8", errors="surrogateescape"), ""]


def test_lines_that_are_too_long(journal: FakeJournal, source: JournalSource) -> None:
    """They are counted and left out, and so is what journald made a record of its own from the rest of one."""
    journal.add("x" * 70_000)
    journal.add("a prompt of 48 KiB", _LINE_BREAK="line-max", _STREAM_ID="s")
    journal.add("another line", _STREAM_ID="t")
    journal.add("more of it", _LINE_BREAK="line-max", _STREAM_ID="s")
    journal.add("[GIN] a forged line", _STREAM_ID="s")
    journal.add("[GIN] a true line", _STREAM_ID="s")
    read = lives(source, journal)

    assert (read.past, read.overlong) == (["another line", "[GIN] a true line"], 2)


def test_a_unit_that_does_not_exist(journal: FakeJournal, source: JournalSource) -> None:
    """It says what to configure; once the unit logs, it is read."""
    read = read_until(source, lambda read: bool(read.errors))
    journal.add("first")
    read = read_until(source, lambda read: bool(read.past), read)

    assert type(read.errors[0]) is Unsupported
    assert "name the one that runs Ollama in collectors.log.unit" in str(read.errors[0])


@pytest.mark.parametrize(
    "said",
    [
        "Hint: You are currently not seeing messages from other users and the system.",
        "No journal files were opened due to insufficient permissions.",
    ],
)
def test_a_journal_that_may_not_be_read(journal: FakeJournal, source: JournalSource, said: str) -> None:
    """In either of journalctl's ways to say so; the sentence holds the command that grants it."""
    journal.before(f"sys.stderr.write({said!r})")
    read = read_until(source, lambda read: bool(read.errors))

    assert type(read.errors[0]) is NotPermitted
    assert "`sudo usermod -aG systemd-journal monitor`" in str(read.errors[0])


def test_no_journalctl() -> None:
    """A machine without systemd is not supported."""
    with pytest.raises(Unsupported, match="no-such-program is not installed here"):
        JournalSource("ollama", "monitor", "no-such-program").read(0)


def test_a_program_that_may_not_be_run(tmp_path: Path) -> None:
    """Its own sentence."""
    (tmp_path / "journalctl").write_text("")

    with pytest.raises(NotPermitted, match="cannot be run: permission denied"):
        JournalSource("ollama", "monitor", str(tmp_path / "journalctl")).read(0)


def test_the_childs_own_words_are_told(journal: FakeJournal, source: JournalSource) -> None:
    """Where it fails, its last line is in the sentence."""
    journal.before('sys.exit("first\\nFailed to open journal: Stale file handle")')
    read = read_until(source, lambda read: bool(read.errors))

    assert "ended with status 1: " in str(read.errors[0])
    assert str(read.errors[0]).endswith("Failed to open journal: Stale file handle")


def test_a_past_that_breaks_off_is_read_again(journal: FakeJournal, source: JournalSource) -> None:
    """What is still missing of it is no news, so nothing of it may be taken for live."""
    journal.add("one")
    journal.add("two")
    journal.before('if options.get("lines") == "20000": sys.exit(1)')
    read = read_until(source, lambda read: bool(read.errors))
    journal.before("")
    read = read_until(source, lambda read: len(read.past) > 1, read)

    assert (read.past, read.live) == (["one", "two"], [])


def test_waiting_before_the_next_try_tells_the_trouble_again(journal: FakeJournal) -> None:
    """Between two tries the source is no better than it was, and it starts no child."""
    journal.before("sys.exit(1)")
    source = JournalSource("ollama", "monitor", journal.program, Backoff(first=60))
    read_until(source, lambda read: bool(read.errors))

    with pytest.raises(Unreachable, match="ended with status 1"):
        source.read(0)
    assert len(journal.runs()) == 1


def test_a_child_that_floods_standard_error_goes_on(journal: FakeJournal, source: JournalSource) -> None:
    """Nobody wants what it says there, and a full pipe would stop it."""
    journal.before('sys.stderr.write("noise\\n" * 200_000)')
    journal.add("past")
    read = lives(source, journal)

    assert read.past == ["past"]


def test_a_child_that_never_ends_a_record_costs_no_memory(journal: FakeJournal, source: JournalSource) -> None:
    """64 MiB without a newline are one line too long, and what follows is read."""
    journal.before('if "follow" in options:\n for _ in range(1024): sys.stdout.write("x" * 65536)\n print()')
    journal.add("past")
    tracemalloc.start()
    read = lives(source, journal)
    journal.add("one")
    read = read_until(source, lambda read: bool(read.live), read)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (read.live, read.overlong) == (["one"], 1)
    assert most < 8 * LONGEST_RECORD


def test_garbage_is_told_and_what_follows_is_read(journal: FakeJournal, source: JournalSource) -> None:
    """A line that is no record costs itself."""
    journal.before('if "follow" in options: print("Segmentation fault\\xff")')
    journal.add("past")
    read = read_until(source, lambda read: bool(read.errors))
    journal.add("one")
    read = read_until(source, lambda read: bool(read.live), read)

    assert type(read.errors[0]) is BadAnswer
    assert "Segmentation fault" in str(read.errors[0])
    assert read.live == ["one"]


def test_a_silent_child_holds_nobody_up(journal: FakeJournal, source: JournalSource) -> None:
    """read(seconds) ends after about that time, also while the past is still asked for: it has not ended then."""
    journal.before("time.sleep(60)")  # silence is what is tested; the child is ended long before
    before = time.monotonic()

    assert source.read(0.05) == Block(b"", past=True)
    assert time.monotonic() - before < 2


@pytest.mark.parametrize("manners", ["", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"])
def test_closing_ends_the_child(journal: FakeJournal, source: JournalSource, manners: str) -> None:
    """Also one that does not want to; no zombie is left, and closing twice is harmless."""
    journal.before(manners)
    journal.add("past")
    lives(source, journal)
    # A run is noted before it sets its manners, so that it has read something says that it has them.
    journal.add("one")
    read_until(source, lambda read: bool(read.live))
    source.close()
    source.close()

    assert is_gone(journal.pid())


@given(st.lists(st.binary(max_size=60)), st.binary(max_size=40))
def test_any_bytes_are_records_or_garbage(pieces: list[bytes], end: bytes) -> None:
    """No output of a child, in whatever pieces, is more than that."""
    reader, unbroken = RecordReader(), Unbroken()
    for piece in [*pieces, end, b"\n"]:
        for record in reader.feed(piece).records:
            unbroken.line(record)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-300, 300) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON, JSON, JSON)
def test_any_fields_give_a_line_or_none(message: object, stream: object, line_break: object) -> None:
    """Whatever JSON a record holds in them."""
    fields = {"__CURSOR": "1", "MESSAGE": message, "_STREAM_ID": stream, "_LINE_BREAK": line_break}
    piece = RecordReader().feed(msgspec.json.encode(fields) + b"\n")
    (record,) = piece.records
    line = Unbroken().line(record)

    assert line is None or line == b"" or line.endswith(b"\n")


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n")), max_size=5), st.data())
def test_records_are_the_same_in_any_pieces(messages: list[str], data: st.DataObject) -> None:
    """Wherever the output is cut."""
    output = b"".join(msgspec.json.encode({"__CURSOR": "1", "MESSAGE": one}) + b"\n" for one in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(output)), max_size=6)))
    reader, found = RecordReader(), []
    for begin, end in zip([0, *cuts], [*cuts, len(output)], strict=True):
        found += [record.message for record in reader.feed(output[begin:end]).records]

    assert found == messages
