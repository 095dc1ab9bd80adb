"""Time in which this process ran.

A trainer that was suspended (SIGSTOP, Slurm, a debugger) has been failed by nobody while it stood still, and one whose
interpreter was busy has not listened. What waits for a replica therefore goes by this clock.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import Iterator

from tributary import behaviour


class Clock:
    """Seconds that this process ran, as far as somebody looked: a gap between two looks that is longer than
    `behaviour.LONGEST_GAP` counts as one `behaviour.TICK`. Somebody must look each tick while others wait.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = time.monotonic()
        self._counted = 0.0
        self._resumed = float("-inf")

    def now(self) -> float:
        """Seconds on this clock, which begins at 0."""
        with self._lock:
            seen = time.monotonic()
            gap, self._seen = seen - self._seen, seen
            if gap > behaviour.LONGEST_GAP:
                self._counted += behaviour.TICK
                self._resumed = self._counted
            else:
                self._counted += gap
            return self._counted

    def waited(self, since: float, seconds: float, again: float) -> bool:
        """Whether more than `seconds` have passed since then; after a long gap only once `again` seconds, or `seconds` where
        they are fewer, have passed in which somebody could be asked afresh.
        """
        now = self.now()
        return now - since > seconds and now - self._resumed > min(seconds, again)

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Looks each tick while the caller waits or blocks."""
        done = threading.Event()

        def tick() -> None:
            while not done.wait(behaviour.TICK):
                self.now()

        thread = threading.Thread(target=tick, name="tributary-clock", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
