"""Standard input as a source: real pipes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from llama_metrics.collectors.log.sources.source import Block
from llama_metrics.collectors.log.sources.stdin import StdinSource
from llama_metrics.errors import Stale, Unsupported


@dataclass
class Pipe:
    """Both ends of one."""

    out: int
    into: int


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe; whoever closes an end sets it to -1."""
    pipe = Pipe(*os.pipe())
    yield pipe
    for descriptor in (pipe.out, pipe.into):
        if descriptor >= 0:
            os.close(descriptor)


def test_lines_are_live_and_whole(pipe: Pipe) -> None:
    """Nothing is past; half a line waits for its rest."""
    source = StdinSource(pipe.out)
    os.write(pipe.into, b"one\ntw")
    first = source.read(1)
    nothing = source.read(0.01)
    os.write(pipe.into, b"o\r\n")

    assert first == Block(b"one\n", past=False)
    assert nothing is None
    assert source.read(1) == Block(b"two\n", past=False)
    assert (source.unread(), source.rotations) == (None, 0)


def test_the_end_is_told_at_every_call(pipe: Pipe) -> None:
    """What came before it is read; half a line is no line."""
    source = StdinSource(pipe.out)
    os.write(pipe.into, b"last\nhalf")
    os.close(pipe.into)
    pipe.into = -1

    assert source.read(1) == Block(b"last\n", past=False)
    for _ in range(2):
        with pytest.raises(Stale, match="standard input has ended"):
            source.read(1)


def test_waiting_has_a_bound(pipe: Pipe) -> None:
    """Somebody who writes no newline holds nobody up."""
    os.write(pipe.into, b"no newline")
    before = time.monotonic()

    assert StdinSource(pipe.out).read(0.05) is None
    assert 0.05 <= time.monotonic() - before < 2


def test_closing_leaves_the_descriptor_open(pipe: Pipe) -> None:
    """It is not ours; and a writer would be killed by a broken pipe."""
    StdinSource(pipe.out).close()

    os.fstat(pipe.out)


def test_no_standard_input() -> None:
    """A service may be started without one."""
    out, into = os.pipe()
    os.close(out)
    os.close(into)
    with pytest.raises(Unsupported, match="standard input cannot be read: bad file descriptor"):
        StdinSource(out).read(0)


def test_a_flood_is_read_in_blocks(pipe: Pipe) -> None:
    """A line without end is one line too long."""
    source, overlong = StdinSource(pipe.out), 0
    os.set_blocking(pipe.into, False)
    for _ in range(64):
        os.write(pipe.into, b"x" * 32768)
        overlong += 1 if source.read(0.001) else 0
    os.write(pipe.into, b"\nnext\n")

    assert overlong == 0
    assert source.read(1) == Block(b"next\n", past=False, overlong=1)
