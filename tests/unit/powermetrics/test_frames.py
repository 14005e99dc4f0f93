"""Bytes into documents, however they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors.powermetrics.frames import LONGEST, Frames
from tests.support.fake_powermetrics import document

ONE, TWO = document(1), document(2)
# Without the line that says that it is XML.
BARE = ONE[ONE.index(b"<plist") :]
TEXT = b"\n\nMachine model: Mac14,9\nOS version: 23F79\n\n*** Sampled system activity ***\nCPU Power: 310 mW\n"


def whole(piece: bytes) -> bytes:
    """A document as it is cut: what follows its last tag stands between documents."""
    return piece.rstrip()


def cut(output: bytes, cuts: list[int]) -> list[bytes]:
    """The output in pieces, cut at these places."""
    places = sorted(cuts)
    return [output[begin:end] for begin, end in zip([0, *places], [*places, len(output)], strict=True)]


def test_a_document_is_whole_at_its_last_tag() -> None:
    """Neither the NUL, which only comes with the next one, nor the newline is waited for."""
    frames = Frames()
    before = frames.feed(ONE[: -len("</plist>\n")] + b"</plist")

    assert (before, frames.feed(b">")) == ([], [whole(ONE)])
    assert frames.feed(b"\n\0" + TWO) == [whole(TWO)]
    assert frames.rest() == []


@given(
    st.data(), st.lists(st.sampled_from([ONE, TWO, BARE]), max_size=4), st.sampled_from([b"", b"\0", b"\n", b"\n\0\0 "])
)
def test_documents_are_the_same_in_any_pieces(data: st.DataObject, documents: list[bytes], between: bytes) -> None:
    """Wherever the output is cut, in the middle of a tag or of what stands between documents."""
    output = between + between.join(documents)
    cuts = data.draw(st.lists(st.integers(0, len(output)), max_size=8))
    frames = Frames()
    found = [piece for chunk in cut(output, cuts) for piece in frames.feed(chunk)]

    assert found + frames.rest() == [whole(one) for one in documents]


@given(st.data())
def test_text_is_told_once_until_the_next_document(data: st.DataObject) -> None:
    """Of a hundred lines that are none, the first says it all; so does that of the next hundred."""
    output = TEXT + TEXT + ONE + TEXT + b"\0" + TEXT
    cuts = data.draw(st.lists(st.integers(0, len(output)), max_size=8))
    frames = Frames()
    found = [piece for chunk in cut(output, cuts) for piece in frames.feed(chunk)]

    assert found == [b"Machine model: Mac14,9\n", whole(ONE), b"Machine model: Mac14,9\n"]
    assert frames.rest() == []


def test_a_document_that_is_cut_off_costs_itself_alone() -> None:
    """The NUL before the next one ends it; without one, it is the rest."""
    frames = Frames()

    assert frames.feed(ONE[:100] + b"\0" + TWO) == [ONE[:100] + b"\0", whole(TWO)]
    assert frames.feed(ONE[:100]) == []
    assert frames.rest() == [ONE[:100]]


def test_what_has_no_end_is_dropped_and_the_next_document_is_read() -> None:
    """A document, or a line, is never held beyond the bound; what is told of it is short."""
    for beginning in (b"<?xml ", b"x"):
        frames = Frames()
        found = frames.feed(beginning)
        for _ in range(3 * LONGEST // 65536):
            found += frames.feed(b"y" * 65536)
        found += frames.feed(b"\n\0" + ONE)

        assert found[-1] == whole(ONE)
        assert len(found) == 2
        assert all(len(piece) <= 200 for piece in found[:-1])


@given(st.lists(st.binary(max_size=60)))
def test_any_bytes_are_pieces(chunks: list[bytes]) -> None:
    """No output of a child is more than that."""
    frames = Frames()
    for chunk in chunks:
        assert all(frames.feed(chunk))
    assert all(frames.rest())
