"""Samples into a Prometheus by its remote write receiver: many of a series in one message, so that hours take seconds.

The message is protobuf in snappy's block format, which may hold its bytes as they are.
https://prometheus.io/docs/specs/prw/remote_write_spec/
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import requests

from tests.bench.fleet import Series

_HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_LITERAL = 2**16


def message(series: Iterable[Series], now: float) -> bytes:
    """A WriteRequest of what the series were at `now`, not yet compressed."""
    return b"".join(_field(1, _series(one, int(now * 1000))) for one in series)


def send(session: requests.Session, url: str, request: bytes) -> None:
    """Hands a WriteRequest to a Prometheus. Raises RuntimeError with its words where it is refused."""
    answer = session.post(f"{url}/api/v1/write", data=_snappy(request), headers=_HEADERS, timeout=120)
    if answer.status_code != 204:
        raise RuntimeError(f"remote write to {url}: HTTP {answer.status_code}: {answer.text[:500]}")


def _series(series: Series, now: int) -> bytes:
    labels = (
        _field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in sorted(series.labels.items())
    )
    first = now + 1000 * (series.ahead - series.step * (len(series.values) - 1))
    samples = (
        # A double as field 1, a timestamp in milliseconds as field 2.
        _field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(first + 1000 * series.step * number))
        for number, value in enumerate(series.values)
    )
    return b"".join((*labels, *samples))


def _field(number: int, value: bytes) -> bytes:
    """A field of bytes, with its length before it."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _snappy(plain: bytes) -> bytes:
    parts = [_varint(len(plain))]
    for start in range(0, len(plain), _LITERAL):
        literal = plain[start : start + _LITERAL]
        # 61: its length, less one, is in the two bytes that follow.
        parts += [bytes([61 << 2]), struct.pack("<H", len(literal) - 1), literal]
    return b"".join(parts)
