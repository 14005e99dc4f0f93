"""The tasks that runners are at. Slot and task number say which one a line means, save where two runners share them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from llama_metrics.collectors.log.runners import Runner

# No Ollama has so many requests in work; beyond this, lines were lost, and the oldest tasks have ended unseen.
_MOST = 4096


@dataclass(slots=True, eq=False)
class Task:
    """A task of `tokens` prompt tokens in work; `candidates` are the runners whose it can be."""

    slot: int
    number: int
    tokens: int
    candidates: tuple[Runner, ...]
    abandoned: bool = False
    evaluated: bool = False
    generated: bool = False


class Tasks:
    """The open tasks of all runners of one server."""

    def __init__(self) -> None:
        self._open: list[Task] = []
        self._refused: list[int] = []

    def clear(self) -> None:
        """Forgets all of them."""
        self._open.clear()
        self._refused.clear()

    def begin(self, task: Task) -> None:
        """A task is in work from now on. One before it in the same slot has ended, in lines that were lost."""
        if len(task.candidates) == 1:
            here = (task.slot, task.candidates)
            self._open = [one for one in self._open if (one.slot, one.candidates) != here]
        self._open.append(task)
        if len(self._open) > _MOST:
            del self._open[0]

    def evaluated(self, slot: int, number: int, tokens: int) -> Task | None:
        """The task whose prompt was evaluated; of two, the one that had so many tokens to evaluate."""
        waiting = (task for task in self._at(slot, number) if not task.evaluated and task.tokens >= tokens)
        task = min(waiting, key=lambda task: task.tokens - tokens, default=None)
        if task:
            task.evaluated = True
        return task

    def generated(self, slot: int, number: int) -> Task | None:
        """The task that generated all its tokens."""
        task = next((task for task in self._at(slot, number) if task.evaluated and not task.generated), None)
        if task:
            task.generated = True
        return task

    def abandon(self, number: int, *, refused: bool) -> None:
        """A task is cancelled or refused: whatever comes of it, it is not counted.

        A task that was refused is cancelled too, a little later, when its number may already mean another one.
        """
        if refused:
            self._refused = [*self._refused[-63:], number]
        elif number in self._refused:
            self._refused.remove(number)
            return
        for task in self._open:
            if task.number == number and not task.evaluated and not task.abandoned:
                task.abandoned = True
                return

    def release(self, slot: int, number: int) -> Task | None:
        """Ends a task; gives the one that ended without a word of its cost, like those of embeddings."""
        here = sorted(self._at(slot, number), key=lambda task: (task.generated, task.abandoned, task.evaluated))
        if not here:
            return None
        ended = here[-1]
        self._open.remove(ended)
        return None if ended.evaluated or ended.abandoned else ended

    def drop(self, runner: Runner) -> None:
        """Forgets the tasks that were certainly of a runner that died."""
        self._open = [task for task in self._open if task.candidates != (runner,)]

    def orphans(self, alive: Collection[Runner]) -> list[Task]:
        """Ends the tasks whose runner is gone; gives those that it answered without a word."""

        def gone(task: Task) -> bool:
            return bool(task.candidates) and not any(one in alive for one in task.candidates)

        ended = [task for task in self._open if gone(task)]
        self._open = [task for task in self._open if not gone(task)]
        return [task for task in ended if not task.evaluated and not task.abandoned]

    def _at(self, slot: int, number: int) -> Iterator[Task]:
        return (task for task in self._open if task.slot == slot and task.number == number)
