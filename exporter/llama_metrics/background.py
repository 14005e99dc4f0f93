"""Work that goes on between scrapes, on a thread of its own: only what is a stream or costs the user something."""

from __future__ import annotations

import threading
from collections.abc import Callable

# Long enough that trouble costs nothing, short enough that nobody waits for a recovery.
_PAUSE = 1.0


class Loop:
    """Calls `step` again and again until stopped. What it raises is kept, and after a pause it is called again.

    Args:
        name: of the thread.
        step: one round of the work; it returns within a second or so, or `stop` has to wait for it.
        now: seconds since 1970.

    """

    def __init__(self, name: str, step: Callable[[], None], now: Callable[[], float]) -> None:
        self._step, self._now = step, now
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"background-{name}", daemon=True)
        # Set when the first round is over, however it went.
        self.begun = threading.Event()
        # Of the latest round; None where it went well, and before the first.
        self.error: Exception | None = None
        # Times the work was taken up again after an error.
        self.restarts = 0
        # When a round last went well, in seconds since 1970.
        self.last_success: float | None = None

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, grace: float) -> None:
        """Ends after the present round; waits for that up to `grace` seconds."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(grace)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except Exception as error:  # noqa: BLE001  the scrape reports it, and tells trouble from a bug
                self.restarts += self.error is None
                self.error = error
            else:
                self.error, self.last_success = None, self._now()
            self.begun.set()
            if self.error:
                self._stopping.wait(_PAUSE)
