"""What the client waits for, in the log `tributary`."""

from __future__ import annotations

import logging
from typing import Callable

log = logging.getLogger("tributary")

# The first line comes after so many seconds, the next ones after ever longer, but at least once in so many.
_FIRST, _LONGEST = 3.0, 60.0


class Waiting:
    """Warns of a wait, from its first seconds on and ever more rarely. A later wait is only told where it is longer."""

    def __init__(self) -> None:
        self._next = _FIRST

    def look(self, seconds: float, what: Callable[[], str]) -> None:
        """Logs `what` is waited for, if that has taken long enough for another line."""
        if seconds >= self._next:
            self._next = seconds + min(seconds, _LONGEST)
            log.warning("waiting for %.0f s: %s", seconds, what())
