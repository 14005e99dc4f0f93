"""CPU seconds of several processes under one label."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llama_metrics.collectors.process.sums import CpuSeconds

A, B = ("runner", "a:latest"), ("runner", "b:latest")


def test_what_was_used_before_we_began_is_left_out() -> None:
    """Of an old process only its steps count; of a new one all."""
    cpu = CpuSeconds()
    cpu.read(1, 100.0, is_old=True)
    cpu.settle({1: A})
    cpu.read(1, 100.5, is_old=True)
    cpu.read(2, 3.0, is_old=False)
    cpu.settle({1: A, 2: A})

    assert cpu.sums == {A: 3.5}


def test_a_new_sum_is_0_first() -> None:
    """However many processes begin it; what they used before is in the next."""
    cpu = CpuSeconds()
    cpu.read(1, 3.0, is_old=False)
    cpu.read(2, 4.0, is_old=False)
    cpu.settle({1: A, 2: A})
    assert cpu.sums == {A: 0.0}
    cpu.settle({1: A, 2: A})

    assert cpu.sums == {A: 7.0}


def test_nothing_is_lost_while_a_name_is_searched_for() -> None:
    """What is used meanwhile waits."""
    cpu = CpuSeconds()
    cpu.begin(A)
    cpu.read(1, 3.0, is_old=False)
    cpu.settle({})
    cpu.read(1, 4.0, is_old=False)
    assert cpu.sums == {A: 0.0}
    cpu.settle({1: A})

    assert cpu.sums == {A: 4.0}


def test_a_process_that_ended_leaves_what_it_used() -> None:
    """Also one that was never settled; the next with its pid begins anew."""
    cpu = CpuSeconds()
    cpu.read(1, 3.0, is_old=False)
    cpu.end(1, B)
    cpu.read(1, 1.0, is_old=False)
    cpu.settle({1: B})
    cpu.end(9, A)

    assert cpu.sums == {B: 4.0}


STEPS = st.lists(
    st.tuples(st.integers(1, 4), st.floats(0, 1e6), st.sampled_from([A, B, None]), st.booleans(), st.booleans())
)


@given(STEPS)
def test_no_sum_ever_falls(steps: list[tuple[int, float, tuple[str, str] | None, bool, bool]]) -> None:
    """Whatever the system tells, in whatever order processes come and go."""
    cpu, before = CpuSeconds(), dict[tuple[str, str], float]()
    for pid, seconds, label, is_old, is_end in steps:
        cpu.read(pid, seconds, is_old=is_old)
        cpu.settle({pid: label} if label else {})
        if is_end:
            cpu.end(pid, label or A)
        assert all(cpu.sums[key] >= value for key, value in before.items())
        before = dict(cpu.sums)
