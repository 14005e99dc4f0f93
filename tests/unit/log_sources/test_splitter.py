"""Whatever the pieces, the lines are the same: each once, whole, and none too long."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors.log.sources.source import LARGEST_BLOCK, LONGEST_LINE, Block
from llama_metrics.collectors.log.sources.splitter import LARGEST_READ, Splitter

LONGEST = b"x" * LONGEST_LINE


def split(pieces: Iterable[bytes]) -> list[Block]:
    """The blocks that come out of one splitter."""
    splitter = Splitter()
    return [block for piece in pieces if (block := splitter.feed(piece))]


def read(pieces: Iterable[bytes]) -> tuple[bytes, int]:
    """The text of all blocks, and the overlong lines between them."""
    blocks = split(pieces)
    return b"".join(block.text for block in blocks), sum(block.overlong for block in blocks)


def line_by_line(text: bytes) -> tuple[bytes, int]:
    """The same, in the slow and simple way."""
    lines = text.split(b"\n")[:-1]
    kept = [line for line in lines if len(line) <= LONGEST_LINE]
    return b"".join(line.removesuffix(b"\r") + b"\n" for line in kept), len(lines) - len(kept)


PARTS = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([b"\n", b"\r\n", b"\r", b"\0", b"\x1b[32mok\x1b[0m\n", LONGEST[1:], LONGEST, LONGEST + b"x"]),
)


@given(parts=st.lists(PARTS, max_size=12), data=st.data())
def test_any_bytes_in_any_pieces_come_out_as_their_whole_lines(parts: list[bytes], data: st.DataObject) -> None:
    """Binary, CRLF, colours, half lines, lines of just the longest length and beyond: as if read line by line."""
    text = b"".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert read(pieces) == line_by_line(text)


@pytest.mark.parametrize("at", range(25))
def test_a_line_cut_at_any_byte_is_joined_once(at: int) -> None:
    """Also between CR and LF, and at both ends."""
    text = b"first line\r\nsecond line\r\n"

    assert read([text[:at], text[at:]]) == (b"first line\nsecond line\n", 0)


def test_a_stream_of_single_bytes_is_one_of_lines() -> None:
    """Each newline gives one block."""
    assert [block.text for block in split(b"%c" % byte for byte in b"a\nbc\n\nd")] == [b"a\n", b"bc\n", b"\n"]


def test_without_half_lines_nothing_is_copied() -> None:
    """The normal case hands on what it was given: the very same object."""
    piece = b"a\nb\n"

    assert split([piece])[0].text is piece


def test_the_largest_piece_behind_the_longest_half_line_fits_a_block() -> None:
    """A block is never larger than was promised, and a piece that could make it so is refused."""
    blocks = split([LONGEST, b"\n" * LARGEST_READ])

    assert [len(block.text) for block in blocks] == [LARGEST_BLOCK]
    with pytest.raises(ValueError, match="at most"):
        Splitter().feed(b"\n" * (LARGEST_READ + 1))


def test_overlong_lines_are_left_out_and_counted_where_they_are() -> None:
    """Between others, at the ends, and one that takes several pieces; the lines around them stay."""
    long = b"x" * (2 * LONGEST_LINE) + b"\n"

    assert read([long + b"a\n" + long + long + b"b\n" + LONGEST, b"y", LONGEST, b"\nc\n"]) == (b"a\nb\nc\n", 4)


def test_an_overlong_line_is_told_at_once_though_no_other_line_ends_with_it() -> None:
    """The block has no text, and is no sign of nothing."""
    assert split([LONGEST, b"x", b"\nhalf"]) == [Block(b"", past=False, overlong=1)]


def test_a_line_of_50_mb_takes_no_memory() -> None:
    """Not more than one line and one piece, however long it goes on."""
    splitter = Splitter()
    piece = b"x" * LARGEST_READ
    tracemalloc.start()
    for _ in range(52):
        assert splitter.feed(piece) is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2 * LARGEST_BLOCK
    assert splitter.feed(b"\nnext\n") == Block(b"next\n", past=False, overlong=1)


def test_a_half_line_is_forgotten_where_the_stream_was_cut() -> None:
    """Its rest never comes; what comes is not joined to it, and the rest of an overlong line is no overlong line."""
    splitter = Splitter()
    splitter.feed(b"a\ngenerated 12")
    splitter.reset()

    assert splitter.feed(b"34 tokens\n") == Block(b"34 tokens\n", past=False)

    splitter.feed(LONGEST + b"x")
    splitter.reset()

    assert splitter.feed(b"b\n") == Block(b"b\n", past=False)


def test_a_block_is_past_where_its_lines_end_in_the_past() -> None:
    """A line that began there and ends later is new."""
    splitter = Splitter()

    assert splitter.feed(b"a\nb", past=True) == Block(b"a\n", past=True)
    assert splitter.feed(b"c\n") == Block(b"bc\n", past=False)
