"""The probes on a thread of their own; a scrape only takes what there is."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from llama_metrics.background import Loop
from llama_metrics.collector import Context
from llama_metrics.collectors.probe.options import ProbeOptions
from llama_metrics.collectors.probe.prober import Prober
from llama_metrics.collectors.probe.reading import Reading
from llama_metrics.errors import Stale
from llama_metrics.ollama.client import Client

# A step that ends by itself at its bound gets so much more before it is missed.
_SLACK = 5.0
# A request under way is cut, so this is only for a connection that is still being made.
_GRACE = 1.0


class ProbeSource:
    """Probes from the moment this is made until `close`.

    Args:
        options: which models, and how often.
        context: whom, and the clocks.
        chance: a number from 0 to 1.
        pause: waits for the event up to so many seconds; whether it is set.

    """

    def __init__(
        self,
        options: ProbeOptions,
        context: Context,
        chance: Callable[[], float] = random.random,
        pause: Callable[[threading.Event, float], bool] = threading.Event.wait,
    ) -> None:
        self._interval, self._chance, self._pause = float(options.interval), chance, pause
        self._monotonic = context.monotonic
        self._client = Client(context.target.url, context.target.headers, context.monotonic)
        self._prober = Prober(self._client, options, context, self._begins)
        self._closing = threading.Event()
        # When the next round begins, and when the present step has ended at the latest.
        self._due = self._late = context.monotonic()
        self._begins(0.0)
        self._loop = Loop("probe", self._step, context.now)
        self._loop.start()

    @property
    def rejected(self) -> int:
        """Values of answers that cannot be true."""
        return self._prober.rejected

    @property
    def restarts(self) -> int:
        """Times a round ended with a bug of ours, and another was begun."""
        return self._loop.restarts

    @property
    def last_success(self) -> float | None:
        """When a round last came to its end, however its probes went; in seconds since 1970."""
        return self._loop.last_success

    def read(self, deadline: float) -> Reading:  # noqa: ARG002  there is nothing to wait for
        """What there is. Raises Stale where the probes do not go on, and what our own bug raised."""
        if self._loop.error:
            raise self._loop.error
        late = self._monotonic() - self._late
        if late > 0:
            raise Stale(f"the probe should have gone on {late:.0f} s ago; restart the exporter and please report it")
        return self._prober.reading()

    def close(self) -> None:
        """Ends at once, in the middle of a request too."""
        self._closing.set()
        self._client.cut()
        self._loop.stop(_GRACE)
        self._client.close()

    def _step(self) -> None:
        left = max(0.0, self._due - self._monotonic())
        self._begins(left)
        if self._pause(self._closing, left):
            return
        # Before the round: after a bug in it, the next one waits for its time.
        self._due = self._monotonic() + self._interval * (0.9 + 0.2 * self._chance())
        self._prober.round(self._closing.is_set)
        # Until the next one, a proxy between would close it, perhaps just when it is used again.
        self._client.close()

    def _begins(self, seconds: float) -> None:
        self._late = self._monotonic() + seconds + _SLACK
