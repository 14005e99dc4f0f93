"""read: the connections to a port of this machine.

Linux: of the whole network namespace, asked of the kernel (sock_diag(7)), which anybody may; reading /proc/net/tcp
costs ten times as much, and psutil reads the descriptors of every process besides. Elsewhere: the server's own, which
is permitted to the same user and to root.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from llama_metrics.errors import BadAnswer

Address = tuple[str | bytes, int]
# Near end, far end.
Connection = tuple[Address, Address]

_PROTOCOL, _DUMP, _ERROR, _DONE = 4, 0x301, 2, 3
# The request of all TCP sockets, of either family: later forms of it know only one at a time.
_TCP = 18
_ESTABLISHED, _LISTEN = 1, 10
_HEADER, _ASK = struct.Struct("=IHHII"), struct.Struct("=52xII")
# Family, state, ports, addresses, and behind more of them the inode.
_SOCKET = struct.Struct(">BB2xHH16s16s28xI")
_SECONDS, _LARGEST = 0.25, 1 << 17
_MAPPED = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Socket:
    """A TCP socket of the kernel's; `inode` is what the descriptors of its process lead to."""

    is_listening: bool
    connection: Connection
    inode: int


def count(connections: Iterable[Connection], own: Iterable[Connection], port: int) -> int:
    """How many of `connections` come in at `port`; the far ends of our `own` are left out."""
    mirrored = {(far, near) for near, far in own}
    return sum(one[0][1] == port and one not in mirrored for one in connections)


def parse(block: bytes) -> tuple[list[Socket], bool]:
    """The kernel's messages, and whether the last one is among them. Raises BadAnswer."""
    sockets: list[Socket] = []
    offset = 0
    while offset < len(block):
        try:
            length, kind, *_ = _HEADER.unpack_from(block, offset)
            if kind == _DONE:
                return sockets, True
            if kind == _ERROR or length < _HEADER.size:
                raise BadAnswer("the kernel lists no TCP sockets")
            family, state, near, far, source, destination, inode = _SOCKET.unpack_from(block, offset + _HEADER.size)
        except struct.error:
            raise BadAnswer("a message of the kernel is cut off") from None
        ends = (_address(family, source), near), (_address(family, destination), far)
        # The kernel gives ports as the network orders their bytes, the rest as this machine does.
        sockets.append(Socket(state == _LISTEN, ends, socket.ntohl(inode)))
        offset += (length + 3) & ~3
    return sockets, False


def on_linux(servers: Collection[int], port: int, root: Path = Path("/proc")) -> int | None:
    """Of our own namespace; None where no server is in it, or nobody listens: then they are not to be seen here."""
    try:
        # Anybody may read this, and it is one file for all processes of a namespace.
        here = (root / "self/net/tcp").stat().st_ino
        if not any((root / f"{pid}/net/tcp").stat().st_ino == here for pid in servers):
            return None
        sockets = list(_dump())
        mine = set(_own_inodes(root))
    except (OSError, BadAnswer):
        # No such socket, no such part in the kernel, a sandbox, or a server that has just ended.
        return None
    if not any(one.is_listening and one.connection[0][1] == port for one in sockets):
        return None
    own = [one.connection for one in sockets if one.inode in mine and one.connection[1][1] == port]
    return count((one.connection for one in sockets if not one.is_listening), own, port)


def elsewhere(servers: Collection[int], port: int) -> int | None:
    """Of the servers themselves; None where that is not permitted, or none of them listens there."""
    try:
        theirs = [one for pid in servers for one in psutil.Process(pid).net_connections("tcp")]
        own = psutil.Process().net_connections("tcp")
    except psutil.Error:
        return None
    if not any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in theirs):
        return None
    established = [one for one in theirs if one.status == psutil.CONN_ESTABLISHED]
    return count(map(_ends, established), map(_ends, (one for one in own if one.raddr)), port)


def _dump() -> Iterator[Socket]:
    ask = _ASK.pack(1 << _ESTABLISHED | 1 << _LISTEN, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _PROTOCOL) as kernel:
        kernel.settimeout(_SECONDS)
        kernel.send(_HEADER.pack(_HEADER.size + len(ask), _TCP, _DUMP, 1, 0) + ask)
        is_last = False
        while not is_last:
            sockets, is_last = parse(kernel.recv(_LARGEST))
            yield from sockets


def _own_inodes(root: Path) -> Iterator[int]:
    for link in (root / "self/fd").iterdir():
        # The one that lists the folder is gone by now.
        with suppress(OSError):
            kind, _, inode = str(link.readlink()).partition(":[")
            if kind == "socket":
                yield int(inode.rstrip("]"))


def _address(family: int, raw: bytes) -> bytes:
    """An IPv4 address is the same whether the socket was made for IPv4 or for both."""
    if family == socket.AF_INET:
        return raw[:4]
    return raw.removeprefix(_MAPPED)


def _ends(one: Any) -> Connection:
    near, far = ((end.ip.removeprefix("::ffff:"), end.port) for end in (one.laddr, one.raddr))
    return near, far
