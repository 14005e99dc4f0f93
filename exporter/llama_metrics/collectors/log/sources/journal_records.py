"""The output of `journalctl --output json`: one record a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from llama_metrics.collectors.log.sources.source import LONGEST_LINE

# journald cuts lines at 48 KiB. As JSON, a byte of one takes up to six characters.
LONGEST_RECORD = 512 * 1024
_MOST_STREAMS = 64


class Record(msgspec.Struct, frozen=True):
    """A record. A field that it holds several times is a list of the values."""

    cursor: str = msgspec.field(name="__CURSOR")
    message: Any = msgspec.field(name="MESSAGE", default=None)
    unit_invocation: Any = msgspec.field(name="INVOCATION_ID", default=None)
    own_invocation: Any = msgspec.field(name="_SYSTEMD_INVOCATION_ID", default=None)
    stream: Any = msgspec.field(name="_STREAM_ID", default=None)
    line_break: Any = msgspec.field(name="_LINE_BREAK", default=None)

    @property
    def invocation(self) -> str | None:
        """Which start of the unit it belongs to; None where systemd does not say."""
        # The service manager's own records about the unit name it in the first field.
        found = self.unit_invocation or self.own_invocation
        return found if isinstance(found, str) else None

    @property
    def line(self) -> bytes:
        """What was logged, with a newline; nothing where the record does not hold it."""
        if isinstance(self.message, str):
            return self.message.encode() + b"\n"
        try:
            # Text that is not UTF-8 comes as the numbers of its bytes.
            return bytes(self.message) + b"\n" if isinstance(self.message, list) else b""
        except (TypeError, ValueError):
            return b""


FIELDS = "MESSAGE,INVOCATION_ID,_SYSTEMD_INVOCATION_ID,_STREAM_ID,_LINE_BREAK"
_DECODER = msgspec.json.Decoder(Record)


@dataclass(frozen=True, slots=True)
class Piece:
    """What ends in one piece of the output: records, something that is none, how many were too long."""

    records: tuple[Record, ...]
    garbage: bytes | None
    overlong: int


class RecordReader:
    """Cuts the output into records; never holds more than LONGEST_RECORD beside the piece that it is given."""

    def __init__(self) -> None:
        self._half = b""
        self._in_overlong = False

    def feed(self, piece: bytes) -> Piece:
        """The records that end in the piece."""
        *whole, self._half = (self._half + piece).split(b"\n")
        overlong = 0
        if self._in_overlong and whole:
            whole, self._in_overlong, overlong = whole[1:], False, 1
        if len(self._half) > LONGEST_RECORD:
            self._half, self._in_overlong = b"", True
        records, garbage = [], None
        for text in whole:
            try:
                records.append(_DECODER.decode(text))
            except (msgspec.DecodeError, RecursionError):
                garbage = text[:60]
        return Piece(tuple(records), garbage, overlong)


class Unbroken:
    """Tells whole lines from those that journald cut, of which the rest comes as a record of its own."""

    def __init__(self) -> None:
        self._cut: set[str] = set()

    def line(self, record: Record) -> bytes | None:
        """The record's line; None for the beginning of one that is too long, nothing for the rest of it."""
        stream = str(record.stream)
        is_rest = stream in self._cut
        is_cut = record.line_break == "line-max"
        if is_cut and len(self._cut) < _MOST_STREAMS:
            self._cut.add(stream)
        else:
            self._cut.discard(stream)
        if is_rest:
            return b""
        return None if is_cut or len(record.line) > LONGEST_LINE + 1 else record.line
