"""How many second requests there may be."""

from __future__ import annotations

from tributary import behaviour


class Hedges:
    """A few at once, as where a replica hangs, and in the long run a small share of the batches, so that a fleet that has too
    much to do is not given more.
    """

    def __init__(self) -> None:
        self._left = float(behaviour.HEDGE_BURST)

    def earn(self) -> None:
        """Notes that a batch has come."""
        self._left = min(behaviour.HEDGE_BURST, self._left + behaviour.HEDGE_SHARE)

    def spend(self) -> bool:
        """Takes one, where there is one left."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
