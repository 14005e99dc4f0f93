"""Which processes are Ollama's, told from tables of processes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import inf

import pytest

from llama_metrics.ollama.tree import Tree
from tests.support.process_table import ProcessTable, row

A, B = (f"sha256-{letter * 64}" for letter in "ab")


class Watched(Tree):
    """A tree whose clock stands where a test sets it."""

    def __init__(self, table: ProcessTable) -> None:
        self.now = 0.0
        super().__init__(table, lambda: self.now)

    def look_at(self, seconds: float) -> None:
        """Looks at that time, with as much time as it takes."""
        self.now = seconds
        self.look(inf)


def look(table: ProcessTable) -> Watched:
    """A tree that has looked once."""
    tree = Watched(table)
    tree.look_at(0.0)
    return tree


def found(tree: Tree) -> dict[int, str]:
    """The pids of the members, and what they are."""
    return {member.pid: member.role.model or member.role.kind for member in tree.members}


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("linux_0.33", {800: "server", 900: A, 901: A, 902: B}),
        ("linux_0.24", {1: "server", 40: A}),
        ("linux_0.5.7", {302: "server", 311: B}),
        ("macos_app", {501: "server", 502: A, 503: "qwen3.5:35b"}),
        ("macos_other_user", {}),
        ("none", {}),
        ("hidden", {}),
    ],
)
def test_members(name: str, members: dict[int, str]) -> None:
    """Servers and their runners; no client, no search for GPUs, no llama-server of somebody else's."""
    assert found(look(ProcessTable.load(name))) == members


@pytest.mark.parametrize(
    ("name", "is_hidden"),
    [("linux_0.33", False), ("macos_app", False), ("macos_other_user", True), ("none", False), ("hidden", True)],
)
def test_a_server_may_be_hidden(name: str, is_hidden: bool) -> None:
    """Where a process called ollama may not be looked into, or only our own are listed."""
    assert look(ProcessTable.load(name)).is_hidden is is_hidden


def test_a_process_that_shows_nothing_may_be_a_server() -> None:
    """hidepid=1 of Linux: there is a number, and nothing else."""
    table = ProcessTable.load("none")
    table.change(1100, command=None, name="-")

    assert look(table).is_hidden


def test_what_was_hidden_may_be_shown_later() -> None:
    """And what is gone is not hidden any more."""
    table = ProcessTable.load("macos_other_user")
    tree = look(table)
    del table.rows[501]
    tree.look_at(1.0)

    assert not tree.is_hidden


def test_a_runner_of_a_server_that_shows_only_its_name() -> None:
    """It is one, for its parent is called ollama."""
    table = ProcessTable.load("linux_0.33")
    table.change(800, command=None)

    assert found(look(table)) == {900: A, 901: A, 902: B}


def test_two_servers_both_count() -> None:
    """Each with its runners."""
    table = ProcessTable.load("linux_0.33")
    table.rows[801] = replace(table.rows[800], pid=801)
    table.rows[905] = replace(table.rows[900], pid=905, parent=801)

    assert Counter(found(look(table)).values()) == {"server": 2, A: 3, B: 1}


def test_a_command_line_is_read_ever_more_rarely() -> None:
    """500 processes, a scrape every 15 s: each is read twice at first, then a few a scrape, and all in 20 minutes."""
    quiet = row("1 0 0 0 0 1 0 sh sh")
    table = ProcessTable(*(replace(quiet, pid=pid) for pid in range(1, 501)))
    tree = look(table)
    tree.look_at(15.0)
    assert Counter(table.read) == dict.fromkeys(range(1, 501), 2)
    for scrape in range(2, 480):
        tree.look_at(scrape * 15.0)
    counts = []
    for scrape in range(480, 480 + 80):
        table.read.clear()
        tree.look_at(scrape * 15.0)
        counts.append(set(table.read))

    assert set.union(*counts) == set(range(1, 501))
    assert max(map(len, counts)) <= 100
    assert sum(map(len, counts)) / 80 < 10


def test_a_child_is_a_copy_of_its_parent_at_first() -> None:
    """No second server is seen in that moment; then it is the runner that it was started as."""
    table = ProcessTable.load("linux_0.33")
    command = table.rows[902].command
    table.change(902, command=table.rows[800].command)
    tree = look(table)
    assert found(tree) == {800: "server", 900: A, 901: A}
    table.change(902, command=command)
    tree.look_at(0.1)

    assert found(tree)[902] == B


def test_a_script_that_becomes_ollama_is_found() -> None:
    """At the latest when it has been something else for twice the time."""
    table = ProcessTable.load("linux_0.33")
    command = table.rows[800].command
    table.change(800, command=("sh", "wait-for-disk.sh"))
    tree = look(table)
    tree.look_at(50.0)
    tree.look_at(100.0)
    assert found(tree) == {}
    table.change(800, command=command)
    tree.look_at(101.0)
    assert found(tree) == {}
    tree.look_at(200.0)

    assert found(tree) == {800: "server", 900: A, 901: A, 902: B}


def test_a_runner_outlives_its_server() -> None:
    """It still holds its model, though it has another parent now."""
    table = ProcessTable.load("linux_0.33")
    tree = look(table)
    del table.rows[800]
    for pid in (900, 901, 902):
        table.change(pid, parent=1)
    for second in range(40):
        tree.look_at(second * 60.0)

    assert found(tree) == {900: A, 901: A, 902: B}


def test_what_ended_is_gone() -> None:
    """And who has its number later is a new one, which was not there when we began."""
    table = ProcessTable.load("linux_0.33")
    tree, again = look(table), table.rows[902]
    assert all(member.is_old for member in tree.members)
    del table.rows[902]
    tree.look_at(1.0)
    assert found(tree) == {800: "server", 900: A, 901: A}
    table.rows[902] = again
    tree.look_at(2.0)

    assert found(tree)[902] == B
    assert [member.pid for member in tree.members if not member.is_old] == [902]


def test_parents_in_a_circle() -> None:
    """A pid that was used again between two questions can make one; the search ends."""
    table = ProcessTable.load("none")
    table.change(1, parent=1100)
    table.change(1100, parent=1)

    assert found(look(table)) == {}


def test_a_process_that_ends_while_it_is_looked_at() -> None:
    """It is listed, and gone when its command line is read."""

    class Vanishing(ProcessTable):
        def pids(self) -> list[int]:
            return [*self.rows, 5000]

    table = Vanishing(*ProcessTable.load("linux_0.24").rows.values())

    assert found(look(table)) == {1: "server", 40: A}
