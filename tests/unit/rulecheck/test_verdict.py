"""The arithmetic of what is lacking."""

from __future__ import annotations

from itertools import product

from llama_metrics.rulecheck.verdict import WORKS, Cause, Level, Verdict, because, either, every

LOG, PROBE, MAC = (
    Cause(Level.CANNOT, "no log", "read it"),
    Cause(Level.CANNOT, "no probe", "switch it on"),
    Cause(Level.FOREIGN, "no Mac"),
)
IDLE = Cause(Level.WAITS, "no model")


def lacks(level: Level, *clauses: set[Cause]) -> Verdict:
    """So it stands, and one of each set has to be mended."""
    return Verdict(level, frozenset(map(frozenset, clauses)))


def test_all_that_is_lacking_has_to_be_mended() -> None:
    """Two things are two, one twice is one."""
    both = every([because(LOG), because(PROBE), because(LOG), WORKS])

    assert both == lacks(Level.CANNOT, {LOG}, {PROBE})
    assert every([]) == every([WORKS]) == WORKS


def test_of_all_the_worst_counts() -> None:
    """While there is no Mac, reading the log helps nobody; while no log is read, neither does waiting."""
    assert every([because(LOG), because(MAC), because(IDLE)]) == because(MAC)
    assert every([because(IDLE), because(LOG)]) == because(LOG)


def test_of_several_the_best_counts() -> None:
    """One that works is enough, and one that will is better than one that cannot."""
    assert either([because(LOG), WORKS]) == WORKS
    assert either([because(LOG), because(IDLE), because(MAC)]) == because(IDLE)


def test_of_several_that_are_alike_one_has_to_be_mended() -> None:
    """And what each of them lacks as well is lacking for certain."""
    assert either([because(LOG), because(PROBE)]) == lacks(Level.CANNOT, {LOG, PROBE})
    two = every([because(LOG), because(PROBE)])
    assert either([two, because(LOG)]) == because(LOG)


def test_one_of_none_is_never() -> None:
    """And adds nothing to what others lack."""
    never = either([])

    assert never == lacks(Level.FOREIGN, set())
    assert either([never, because(LOG)]) == because(LOG)
    assert either([never, because(MAC)]) == because(MAC)
    assert every([never, because(LOG)]) == never


def test_mending_what_is_named_is_what_it_takes() -> None:
    """For each way to mend things: the verdict on the whole is that of its parts."""
    x, y, z = (Cause(Level.CANNOT, name) for name in "xyz")
    for mended in product([True, False], repeat=3):
        well = {cause for cause, is_mended in zip((x, y, z), mended, strict=True) if is_mended}

        def one(cause: Cause) -> Verdict:
            return because(cause)

        whole = either([every([one(x), one(y)]), every([one(y), one(z)]), every([one(x), one(z)])])
        enough = len(well) >= 2
        assert all(lack & well for lack in whole.lacks) == enough
