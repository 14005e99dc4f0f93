"""A container's log as a source: a loopback engine over a real socket."""

from __future__ import annotations

import socket
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors.log.sources.docker import DockerSource
from llama_metrics.collectors.log.sources.docker_api import Engine
from llama_metrics.collectors.log.sources.docker_frames import Demultiplexer
from llama_metrics.collectors.log.sources.docker_given import Given
from llama_metrics.errors import BadAnswer, NotPermitted, SourceError, Stale, TimedOut, Unreachable, Unsupported
from llama_metrics.system.backoff import Backoff
from tests.support.fake_docker import STARTED, FakeContainer, FakeDocker, stamp
from tests.support.ordinary_user import ordinary_user
from tests.support.reading import Read, read_until

NOT_JSON = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnope"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a name short enough for a socket, which pytest's own may not be."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def engine(folder: Path) -> Iterator[FakeDocker]:
    """An engine that runs one Ollama."""
    with FakeDocker(folder, ollama=FakeContainer()) as engine:
        yield engine


@pytest.fixture
def source(engine: FakeDocker) -> Iterator[DockerSource]:
    """The source that reads it, and tries again soon."""
    source = DockerSource("ollama", Engine(engine.host), Backoff(first=0.01))
    yield source
    source.close()


def lives(source: DockerSource, engine: FakeDocker) -> Read:
    """Reads until the source follows."""
    return read_until(source, lambda _: any("follow=1" in path for path in engine.asked))


def test_the_past_is_since_the_last_start_and_ends_exactly_where_live_begins(
    engine: FakeDocker, source: DockerSource
) -> None:
    """Lines of an earlier start are left out, those there before are past, later ones live; none missing or twice."""
    ollama = engine.containers["ollama"]
    ollama.write("before the last start\n", at=STARTED - 1)
    ollama.write("Listening\n", stream=2)
    ollama.write("[GIN] one\n")
    read = lives(source, engine)
    ollama.write("two\n")
    read = read_until(source, lambda read: bool(read.live), read)
    ollama.write("three\n", stream=2)
    read = read_until(source, lambda read: len(read.live) > 1, read)

    assert (read.past, read.live) == (["Listening", "[GIN] one"], ["two", "three"])
    assert (read.errors, source.rotations, source.unread()) == ([], 0, None)


@pytest.mark.parametrize("skips_each", [True, False])
def test_a_break_loses_no_line_and_gives_none_twice(engine: FakeDocker, source: DockerSource, skips_each: bool) -> None:
    """The stream is cut again and again, while both streams write with stamps that are equal or out of order."""
    engine.skips_each = skips_each
    ollama, written, read = engine.containers["ollama"], [], lives(source, engine)
    for i in range(8):
        for j, at in enumerate((0, 0, 3, 3, 3)):
            written.append(f"line {i} {j}")
            ollama.write(f"line {i} {j}\n", stream=1 + j % 2, at=STARTED + 10 * i + at)
        read = read_until(source, lambda read: len(read.live) >= len(written), read)
        engine.hang_up()

    assert read.live == written
    assert {type(error) for error in read.errors} == {Stale}
    read_until(source, lambda _: source.rotations == 8, read)
    assert read.live == written


def test_a_restarted_container_is_read_on(engine: FakeDocker, source: DockerSource) -> None:
    """While it is stopped that is said; what it writes first when it is back is counted."""
    ollama = engine.containers["ollama"]
    ollama.write("past\n")
    read = lives(source, engine)
    ollama.write("last words\n")
    ollama.running = False
    read = read_until(source, lambda read: "is not running" in str(read.errors[-1:]), read)
    ollama.write("Listening again\n")
    ollama.started, ollama.running = ollama.log[-1][1], True
    read = read_until(source, lambda read: len(read.live) > 1, read)

    assert (read.past, read.live, source.rotations) == (["past"], ["last words", "Listening again"], 1)


def test_a_container_made_anew_is_read_from_its_beginning(engine: FakeDocker, source: DockerSource) -> None:
    """Another container under the same name has another log: all of it is new."""
    engine.containers["ollama"].write("of the first\n")
    read = lives(source, engine)
    engine.containers["ollama"].running = False
    anew = FakeContainer(started=STARTED + 10**9)
    anew.write("of the second\n")
    engine.containers["ollama"] = anew
    read = read_until(source, lambda read: bool(read.live), read)

    assert (read.past, read.live) == (["of the first"], ["of the second"])


def test_a_log_that_was_rotated_while_nobody_read(engine: FakeDocker, source: DockerSource) -> None:
    """Docker has dropped the lines that were read: what there is now is new."""
    ollama = engine.containers["ollama"]
    ollama.write("dropped\n")
    read = lives(source, engine)
    ollama.write("dropped too\n")
    read = read_until(source, lambda read: bool(read.live), read)
    at = ollama.log[-1][1]
    ollama.log[:] = [(1, at + 5, b"kept\n")]
    engine.hang_up()
    read = read_until(source, lambda read: len(read.live) > 1, read)

    assert read.live == ["dropped too", "kept"]


@pytest.mark.parametrize("piece", [1, 7, 65536])
@pytest.mark.parametrize("tty", [True, False])
def test_lines_are_whole_however_they_arrive(engine: FakeDocker, source: DockerSource, piece: int, tty: bool) -> None:
    """Cut at any byte; with a terminal there are no frames, and lines end as on a terminal."""
    ollama, engine.piece = engine.containers["ollama"], piece
    ollama.tty = tty
    ollama.write("caf\u00e9\r\n" if tty else "caf\u00e9\n")
    ollama.write(b"\xff\x1b[0m\n")
    read = lives(source, engine)

    assert [line.encode("utf-8", errors="surrogateescape") for line in read.past] == ["café".encode(), b"\xff\x1b[0m"]


def test_streams_do_not_mix_within_a_line() -> None:
    """Half a line of one stream waits for its rest, while whole ones of the other pass."""
    frames = [(1, b"half "), (2, b"whole\n"), (1, b"and half\n")]
    data = b"".join(bytes([stream, 0, 0, 0]) + len(text).to_bytes(4) + text for stream, text in frames)

    assert [block.text for block in Demultiplexer(tty=False).feed(data)] == [b"whole\n", b"half and half\n"]


def test_a_line_that_is_too_long_is_counted_and_left_out(engine: FakeDocker, source: DockerSource) -> None:
    """Docker gives it in parts of 16 KiB, each with a stamp."""
    for _ in range(5):
        engine.containers["ollama"].write("x" * 16384, at=STARTED)
    engine.containers["ollama"].write("\n", at=STARTED)
    engine.containers["ollama"].write("next\n")
    read = lives(source, engine)

    assert (read.past, read.overlong) == (["next"], 1)


def test_no_engine(folder: Path) -> None:
    """Nothing at the socket's path: not supported here."""
    with pytest.raises(Unsupported, match=r"no Docker engine here: .* does not exist; set DOCKER_HOST"):
        DockerSource("ollama", Engine(f"unix://{folder}/none.sock")).read(0)


def test_a_dead_socket(folder: Path) -> None:
    """A socket at which nobody listens any more."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "docker.sock"))
    with pytest.raises(Unreachable, match="connection refused; is the engine running"):
        DockerSource("ollama", Engine(f"unix://{folder}/docker.sock")).read(0)


def test_a_socket_that_may_not_be_opened(engine: FakeDocker, folder: Path) -> None:
    """It says what the group docker means, and what the alternative is."""
    (folder / "docker.sock").chmod(0)
    folder.chmod(0o755)
    with ordinary_user(), pytest.raises(NotPermitted) as caught:
        DockerSource("ollama", Engine(engine.host)).read(0)

    assert "group docker (which may do all that root may)" in str(caught.value)
    assert "DOCKER_HOST=tcp://HOST:PORT of a proxy" in str(caught.value)


@pytest.mark.parametrize(
    "host",
    ["ssh://somewhere", "tcp://somewhere", "npipe:////./pipe/docker_engine", "", "tcp://a:99999", "tcp://a..b:1", "a"],
)
def test_addresses_that_cannot_be_asked(host: str) -> None:
    """Each is refused in a sentence."""
    with pytest.raises(Unsupported, match="DOCKER_HOST is "):
        DockerSource("ollama", Engine(host)).read(0)


def test_an_unknown_container(engine: FakeDocker) -> None:
    """It names the running ones that look like Ollama, by their image."""
    engine.containers |= {
        "mirrored": FakeContainer(image="registry.example:5000/team/ollama@sha256:00"),
        "stopped": FakeContainer(running=False),
        "web": FakeContainer(image="ghcr.io/open-webui/open-webui:ollama"),
    }
    with pytest.raises(Unreachable, match=r"knows no container llama/1.*called ollama: mirrored, ollama; name it in"):
        DockerSource("llama/1", Engine(engine.host)).read(0)


def test_a_log_driver_that_cannot_be_read(engine: FakeDocker, source: DockerSource) -> None:
    """Docker's own words are told."""
    said = b'{"message":"configured logging driver does not support reading"}'
    engine.answers["/containers/ollama/logs"] = b"HTTP/1.1 501 Not Implemented\r\n\r\n" + said
    with pytest.raises(BadAnswer, match="answers HTTP 501: configured logging driver does not support reading"):
        source.read(1)


def test_a_proxy_that_refuses(engine: FakeDocker, source: DockerSource) -> None:
    """A proxy of the socket says 403, in whatever form."""
    engine.answers["/containers/ollama/json"] = b"HTTP/1.0 403 Forbidden\r\n\r\n<html>no</html>"
    with pytest.raises(NotPermitted, match="let the proxy pass GET of /containers"):
        source.read(1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", Unreachable),
        (b"HTTP/1.1 200", Unreachable),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", BadAnswer),
        (b"x" * 70_000, BadAnswer),
        (NOT_JSON, BadAnswer),
        (b"HTTP/1.1 200 OK\r\n\r\n[]", BadAnswer),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000, BadAnswer),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", BadAnswer),
    ],
)
def test_answers_that_are_none(
    engine: FakeDocker, source: DockerSource, answer: bytes, error: type[SourceError]
) -> None:
    """Whatever listens there, it comes to a SourceError."""
    engine.answers["/containers/ollama/json"] = answer
    with pytest.raises(error):
        source.read(1)


def test_an_answer_without_end_has_a_bound(engine: FakeDocker, source: DockerSource) -> None:
    """Four megabytes describe every container there is."""
    engine.answers["/containers/ollama/json"] = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 5_000_000
    with pytest.raises(BadAnswer, match="is larger than 4 MiB"):
        source.read(1)


def test_an_engine_that_keeps_the_connection(engine: FakeDocker, source: DockerSource) -> None:
    """An answer ends where its length says so, not only where the connection does."""
    engine.lingers = True
    engine.containers["ollama"].write("past\n")
    read = read_until(source, lambda read: bool(read.past or read.errors))

    assert (read.past, read.errors) == (["past"], [])


def test_a_log_without_frames_is_refused_after_what_came_before(engine: FakeDocker, source: DockerSource) -> None:
    """The good lines are given, then the trouble is told."""
    good = f"{stamp(STARTED + 5)} good\n".encode()
    frame = b"\1\0\0\0" + len(good).to_bytes(4) + good
    engine.answers["/containers/ollama/logs"] = b"HTTP/1.1 200 OK\r\n\r\n" + frame + b"no frame at all"
    read = read_until(source, lambda read: bool(read.errors))

    assert read.past == ["good"]
    assert type(read.errors[0]) is BadAnswer


def test_what_the_engine_itself_reports(engine: FakeDocker, source: DockerSource) -> None:
    """It has a stream of its own for that."""
    text = b"error grabbing logs"
    frame = b"\3\0\0\0" + len(text).to_bytes(4) + text
    engine.answers["/containers/ollama/logs"] = b"HTTP/1.1 200 OK\r\n\r\n" + frame
    with pytest.raises(BadAnswer, match="Docker cannot go on with the log: error grabbing logs"):
        source.read(1)


def test_an_engine_over_tcp() -> None:
    """DOCKER_HOST=tcp:// is asked as the socket is."""
    with FakeDocker(None, ollama=FakeContainer()) as engine:
        engine.containers["ollama"].write("past\n")
        source = DockerSource("ollama", Engine(engine.host))
        read = read_until(source, lambda read: bool(read.past))
        source.close()

    assert read.past == ["past"]
    with pytest.raises(Unreachable, match=f"Docker at {engine.host}: connection refused; is the engine running"):
        DockerSource("ollama", Engine(engine.host)).read(0)


def test_a_long_past_has_a_bound(engine: FakeDocker, source: DockerSource) -> None:
    """20,000 lines at most are past; what is remembered of them is little."""
    ollama = engine.containers["ollama"]
    for i in range(25_000):
        ollama.write(f"{i}\n")
    count, last = 0, b""
    tracemalloc.start()
    while not any("follow=1" in path for path in engine.asked):
        if block := source.read(0.02):
            count, last = count + block.text.count(b"\n"), block.text
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 8 * 2**20
    assert (count, last.endswith(b"\n24999\n")) == (20_000, True)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5), st.booleans())
def test_any_bytes_are_lines_or_a_bad_answer(data: bytes, cuts: list[int], tty: bool) -> None:
    """No answer, in whatever pieces, is more than that."""
    demultiplexer, given_before = Demultiplexer(tty=tty), Given(0)
    given_before.again()
    cuts = sorted(min(cut, len(data)) for cut in cuts)
    try:
        for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            for block in demultiplexer.feed(data[begin:end]):
                for line in block.text.splitlines(keepends=True):
                    given_before.new(line)
    except BadAnswer:
        pass  # the other of the two answers that are allowed


TEXT = st.binary(max_size=12).map(lambda text: text.replace(b"\n", b"").replace(b"\r", b""))


@given(st.lists(st.tuples(st.integers(0, 2), TEXT), max_size=6), st.data())
def test_frames_are_the_same_in_any_pieces(lines: list[tuple[int, bytes]], data: st.DataObject) -> None:
    """Wherever the answer is cut."""
    answer = b"".join(bytes([one, 0, 0, 0]) + (len(text) + 1).to_bytes(4) + text + b"\n" for one, text in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=6)))
    demultiplexer, found = Demultiplexer(tty=False), b""
    for begin, end in zip([0, *cuts], [*cuts, len(answer)], strict=True):
        found += b"".join(block.text for block in demultiplexer.feed(answer[begin:end]))

    assert found == b"".join(text + b"\n" for _, text in lines)


def new_lines(
    stamps: list[int], breaks: list[int], *, skips_each: bool, goes_back: list[int] | None = None
) -> list[int]:
    """The lines that come out new, by their numbers, of a log with these stamps, asked for again at these breaks."""
    told, new = Given(0), []
    for end in [*sorted(min(one, len(stamps)) for one in breaks), len(stamps)]:
        told.again()
        since, began = told.since, False
        order = list(range(end))
        for at in sorted(goes_back or [], reverse=True):
            order[at + 1 : at + 1] = order[max(0, at - 3) : at + 1]
        for index in order:
            at = stamps[index] * 10**9
            if at >= since or (began and not skips_each):
                began = True
                new += [index] if told.new(f"{stamp(at)} line {index}\n".encode()) else []
    return new


BREAKS = st.lists(st.integers(0, 40), max_size=6)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), BREAKS, st.booleans())
def test_lines_with_equal_stamps_are_new_once(stamps: list[int], breaks: list[int], skips_each: bool) -> None:
    """However often the answer is asked for again, as either engine gives it."""
    stamps.sort()

    assert new_lines(stamps, breaks, skips_each=skips_each) == list(range(len(stamps)))


@given(st.permutations(range(12)), BREAKS, st.booleans(), st.lists(st.integers(0, 11), max_size=3))
def test_lines_out_of_order_are_new_once(
    stamps: list[int], breaks: list[int], skips_each: bool, goes_back: list[int]
) -> None:
    """Stamps out of order, a clock put back; also where the engine gives some lines twice within an answer."""
    assert new_lines(stamps, breaks, skips_each=skips_each, goes_back=goes_back) == list(range(len(stamps)))


def test_a_line_that_the_engine_left_out_at_first_comes_once() -> None:
    """It is new when it comes at last, and the lines after it are no newer for that."""
    told = Given(0)
    lines = [f"{stamp(at)} line\n".encode() for at in (1, 2, 3, 4)]
    first = [bool(told.new(line)) for line in (lines[0], lines[2])]
    told.again()
    again = [bool(told.new(line)) for line in lines]
    told.again()
    once_more = [bool(told.new(line)) for line in lines]

    assert (first, again, once_more) == ([True, True], [False, True, False, True], [False] * 4)


def test_an_engine_that_begins_at_the_whole_second() -> None:
    """What it gives from before the stamp that was asked for is not new, though nobody remembers it."""
    told = Given(STARTED + 5)
    told.new(f"{stamp(STARTED + 6)} given\n".encode())
    told.again()

    assert told.new(f"{stamp(STARTED + 4)} before\n".encode()) == b""
    assert told.new(f"{stamp(STARTED + 6)} given\n".encode()) == b""
    assert told.new(f"{stamp(STARTED + 7)} new\n".encode()) == b"new\n"


@given(st.binary(max_size=40) | st.from_regex(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d) x"))
def test_any_stamp_is_a_time_or_none(line: bytes) -> None:
    """A month 13, a year 0, an offset of 99 hours."""
    Given(0).new(line)


def test_little_is_remembered() -> None:
    """A hundred thousand lines later the next answer is asked from less than a thousand lines back."""
    told = Given(STARTED)
    for i in range(100_000):
        told.new(f"{stamp(STARTED + i)} line\n".encode())

    assert STARTED + 99_000 < told.since < STARTED + 100_000


def test_a_body_that_never_ends_has_a_bound(engine: FakeDocker, source: DockerSource) -> None:
    """An engine that says half an answer is given up."""
    engine.answers["/containers/ollama/json"] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"
    with pytest.raises((BadAnswer, TimedOut)):
        source.read(1)
