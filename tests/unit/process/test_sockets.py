"""Connections to a port: the kernel's messages, and real ones on the loopback."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors.process.sockets import count, elsewhere, on_linux, parse
from llama_metrics.errors import BadAnswer
from tests.support.waiting import until

_CLIENT = "import socket, sys; s = socket.create_connection((sys.argv[1], int(sys.argv[2]))); input()"
# Both ways work on Linux, where the tests run; macOS has only the second.
WAYS = [on_linux, elsewhere] if sys.platform == "linux" else [elsewhere]
Way = Callable[[Collection[int], int], int | None]


@contextmanager
def listening(address: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A socket of this process that listens; `::` takes IPv4 too, as Ollama's does with OLLAMA_HOST=0.0.0.0."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family, dualstack_ipv6=address == "::") as server:
        yield server


@contextmanager
def others(port: int, number: int, address: str = "127.0.0.1") -> Iterator[None]:
    """Connections of other processes to this port, until it is left."""
    with ExitStack() as stack:
        command = [sys.executable, "-c", _CLIENT, address, str(port)]
        clients = [stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE)) for _ in range(number)]
        yield
        for client in clients:
            client.communicate(b"\n")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("address", ["127.0.0.1", "::"])
def test_connections_of_others_are_counted(way: Way, address: str) -> None:
    """And our own left out, over IPv4 and over both."""
    with listening(address) as server:
        port = server.getsockname()[1]
        me = [os.getpid()]
        assert way(me, port) == 0
        with socket.create_connection(("127.0.0.1", port)), others(port, 2), ExitStack() as stack:
            # On macOS only what the server has accepted is one of its sockets.
            for _ in range(3):
                stack.enter_context(server.accept()[0])
            assert way(me, port) == 2
        assert until(lambda: way(me, port) == 0)


@pytest.mark.parametrize("way", WAYS)
def test_a_port_that_nobody_listens_on(way: Way) -> None:
    """Then Ollama's connections are elsewhere: not to be seen is not 0."""
    with listening() as server:
        port = server.getsockname()[1]

    assert way([os.getpid()], port) is None


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_has_ended(way: Way) -> None:
    """It is not known where it was."""
    with listening() as server:
        assert way([2**22 + 1], server.getsockname()[1]) is None


def test_a_server_in_another_network_namespace(tmp_path: Path) -> None:
    """Its port is another one, whoever listens on that number here: a container's, seen from its host."""
    (tmp_path / "self/net").mkdir(parents=True)
    (tmp_path / "self/fd").mkdir()
    (tmp_path / "7/net").mkdir(parents=True)
    (tmp_path / "8/net").mkdir(parents=True)
    (tmp_path / "self/net/tcp").touch()
    (tmp_path / "7/net/tcp").touch()
    os.link(tmp_path / "self/net/tcp", tmp_path / "8/net/tcp")
    with listening() as server:
        port = server.getsockname()[1]

        assert on_linux([7], port, tmp_path) is None
        # Only Linux is then asked for its sockets.
        assert sys.platform != "linux" or on_linux([7, 8], port, tmp_path) == 0


def test_the_far_ends_of_our_own_are_left_out() -> None:
    """Each of our connections has two ends; connections of Ollama's to others are none to it."""
    server, we, others_end = ("s", 11434), ("c", 50000), ("c", 50001)
    connections = [(server, we), (we, server), (server, others_end), (others_end, server), (("s", 5), ("x", 11434))]

    assert count(connections, [(we, server)], 11434) == 1


def message(kind: int = 18, state: int = 1, family: int = socket.AF_INET, inode: int = 77) -> bytes:
    """One message of the kernel's."""
    ends = struct.pack("!HH16s16s", 11434, 50000, bytes([127, 0, 0, 1]), bytes([10, 0, 0, 1]))
    body = struct.pack("=BBBB", family, state, 0, 0) + ends + bytes(28) + struct.pack("=I", inode)
    return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body


def test_messages() -> None:
    """An end is an address and a port; the last message says that it is the last."""
    sockets, is_last = parse(message() + message(state=10) + struct.pack("=IHHII", 20, 3, 2, 1, 0) + bytes(4))

    assert [(one.is_listening, one.inode) for one in sockets] == [(False, 77), (True, 77)]
    assert sockets[0].connection == ((b"\x7f\0\0\1", 11434), (b"\n\0\0\1", 50000))
    assert is_last
    assert parse(message())[1] is False


@pytest.mark.parametrize("block", [message()[:-1], message()[:7], message(kind=2), bytes(100)])
def test_broken_messages(block: bytes) -> None:
    """Cut off, an error, or without a length."""
    with pytest.raises(BadAnswer):
        parse(block)


@given(st.binary(max_size=400) | st.binary(max_size=100).map(lambda tail: message() + tail))
def test_any_bytes(block: bytes) -> None:
    """They are messages, or a BadAnswer."""
    try:
        sockets, _ = parse(block)
    except BadAnswer:  # the other answer that is allowed
        return
    assert len(sockets) <= len(block) / 16
