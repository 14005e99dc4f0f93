"""A look at thousands of processes ends in time, and the next one goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import inf

import pytest

from llama_metrics.errors import TimedOut
from llama_metrics.ollama.tree import Tree
from tests.support.process_table import ProcessTable, Row, row
from tests.unit.ollama.test_tree import A, B, found


class Slow(ProcessTable):
    """Each command line that is read takes a second."""

    def __init__(self, *rows: Row) -> None:
        super().__init__(*rows)
        self.seconds = 0.0

    def command(self, pid: int) -> Sequence[str]:
        """Read slowly."""
        self.seconds += 1.0
        return super().command(pid)


def bomb(table: ProcessTable, count: int) -> None:
    """So many processes more, of somebody's."""
    quiet = row("1 1100 0 0 0 1 0 sh sh")
    table.rows |= {pid: replace(quiet, pid=pid) for pid in range(10_000, 10_000 + count)}


def test_a_look_ends_in_time_and_the_next_goes_on() -> None:
    """5,000 new processes and time for 50 of them: no one is looked at twice, and then all is known."""
    table = Slow(*ProcessTable.load("linux_0.33").rows.values())
    bomb(table, 5000 - len(table.rows))
    tree = Tree(table, lambda: table.seconds)
    for looks in range(1, 101):
        with pytest.raises(TimedOut, match=r"not all of 5000 .* in time; the next scrape goes on"):
            tree.look(table.seconds + 50.0)
        assert table.seconds == len(set(table.read)) == looks * 50
    tree.look(inf)

    assert len(table.read) == 5000
    assert found(tree) == {800: "server", 900: A, 901: A, 902: B}


def test_what_ends_while_a_look_is_unfinished_is_forgotten() -> None:
    """It is neither read again nor shown."""
    table = Slow(*ProcessTable.load("linux_0.33").rows.values())
    tree = Tree(table, lambda: table.seconds)
    with pytest.raises(TimedOut):
        tree.look(6.0)
    ended = table.read[-1]
    del table.rows[ended]
    tree.look(inf)

    assert table.read.count(ended) == 1
    assert ended not in found(tree)


def test_judging_takes_time_too() -> None:
    """5,000 that claim to be runners, each of which has parents to be asked for."""

    class SlowParents(ProcessTable):
        seconds = 0.0

        def parent(self, pid: int) -> int:
            self.seconds += 1.0
            return super().parent(pid)

    table = SlowParents(*ProcessTable.load("linux_0.33").rows.values())
    table.rows |= {pid: replace(table.rows[902], pid=pid) for pid in range(10_000, 15_000)}
    tree = Tree(table, lambda: table.seconds)
    with pytest.raises(TimedOut):
        tree.look(1000.0)
    assert table.seconds == pytest.approx(1000.0, abs=3)
    assert 900 < len(found(tree)) < 1100
    tree.look(inf)

    assert Counter(found(tree).values()) == {"server": 1, A: 2, B: 5001}
