"""Cuts a stream of bytes into blocks of whole lines, wherever its pieces begin and end. Every source uses it."""

from __future__ import annotations

from llama_metrics.collectors.log.sources.source import LARGEST_BLOCK, LONGEST_LINE, Block

# With the longest half line before it, such a piece still fits a block.
LARGEST_READ = LARGEST_BLOCK - LONGEST_LINE


class Splitter:
    """Joins half lines, drops what is longer than LONGEST_LINE (without its newline) and counts it, makes CRLF LF.

    It never holds more than LONGEST_LINE beside the piece that it is given.
    """

    def __init__(self) -> None:
        self._half = bytearray()
        self._in_overlong = False

    def feed(self, piece: bytes, *, past: bool = False) -> Block | None:
        """The lines that end in `piece` (at most LARGEST_READ); None where none does.

        The text is empty where the only line that ends is overlong.
        """
        if len(piece) > LARGEST_READ:
            raise ValueError(
                f"a piece of {len(piece)} bytes may not fit a block; give at most {LARGEST_READ} at a time"
            )
        end = piece.rfind(b"\n") + 1
        if not end:
            self._hold(piece)
            return None
        begin = piece.find(b"\n") + 1 if self._in_overlong else 0
        # The normal case copies once, or not at all, and does nothing for each line.
        text = b"".join((self._half, memoryview(piece)[begin:end])) if self._half else piece[begin:end]
        text, dropped = _without_overlong(text)
        block = Block(text.replace(b"\r\n", b"\n") if b"\r" in text else text, past, dropped + self._in_overlong)
        self.reset()
        self._hold(piece[end:])
        return block

    def reset(self) -> None:
        """Forgets the half line, where the stream has ended or was cut.

        Its rest will never come, and half a line may hold half a number: it is dropped, not taken for whole.
        """
        self._half.clear()
        self._in_overlong = False

    def _hold(self, piece: bytes) -> None:
        if self._in_overlong:
            return
        self._half += piece
        if len(self._half) > LONGEST_LINE:
            self._half.clear()
            self._in_overlong = True


def _without_overlong(text: bytes) -> tuple[bytes, int]:
    """The whole lines of `text` but the overlong ones, and how many those were.

    It jumps to the last newline within the length of one line: where there is one, no line before it is overlong.
    """
    kept: list[bytes] = []
    kept_from = at = 0
    while len(text) - at > LONGEST_LINE + 1:
        newline = text.rfind(b"\n", at, at + LONGEST_LINE + 1)
        if newline >= 0:
            at = newline + 1
        else:
            kept.append(text[kept_from:at])
            kept_from = at = text.index(b"\n", at) + 1
    return (b"".join((*kept, text[kept_from:])), len(kept)) if kept else (text, 0)
