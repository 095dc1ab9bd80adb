"""Which lane takes which turn, and how many lanes there are.

Lane l of L takes the turns l, l + L, l + 2L and so on, until there are more lanes: from some turn on they are dealt anew.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

from tributary import behaviour


class Turns:
    """Turns 0 to `count` - 1, dealt to lanes."""

    def __init__(self, count: int, lanes: int):
        self.count = count
        # From which turn on, and to how many lanes.
        self._parts: List[Tuple[int, int]] = [(0, lanes)]

    @property
    def lanes(self) -> int:
        """How many lanes there are now."""
        return self._parts[-1][1]

    @property
    def since(self) -> int:
        """The turn from which on there are so many."""
        return self._parts[-1][0]

    def _part(self, turn: int) -> Tuple[int, int, int]:
        """Of a turn: where its part begins, its lanes, and where it ends."""
        end = self.count
        for start, lanes in reversed(self._parts):
            if turn >= start:
                return start, lanes, end
            end = start
        raise IndexError(turn)

    def stride(self, turn: int) -> int:
        """How far a lane's next turn is, as far as turns are dealt in the same way."""
        return self._part(turn)[1]

    def run(self, turn: int) -> int:
        """How many turns of the same lane follow each other from this one on, a stride apart."""
        _, lanes, end = self._part(turn)
        return max(0, -((turn - end) // lanes))

    def after(self, turn: int, lane: int) -> int:
        """The turn of a lane that comes after this one of its turns; `count` or more at the end."""
        _, lanes, end = self._part(turn)
        return turn + lanes if turn + lanes < end or end == self.count else end + lane

    def widen(self, turn: int, lanes: int) -> None:
        """Deals the turns from `turn` on to more lanes. No lane may have come so far."""
        self._parts.append((turn, lanes))


class Growth:
    """How many lanes it takes: as many as are given; else a few, and more while the trainer waits and replicas have room. Times
    are those of one clock.
    """

    def __init__(self, given: int, most: int, now: float):
        """`given` lanes, 0 for what it takes; `most` lanes are of use."""
        self._given = given
        self._most = most
        self._since = now
        self._waited = 0.0
        self._taken = 0

    def first(self, replicas: int) -> int:
        """How many lanes there are at the beginning, with so many replicas."""
        return max(1, min(self._given or max(behaviour.LEAST_LANES, min(replicas, behaviour.FIRST_LANES)), self._most))

    def took(self, wanted_since: Optional[float], now: float) -> None:
        """Notes that the trainer has a batch, and since when it waited for it."""
        self._taken += 1
        if wanted_since is not None:
            self._waited += now - max(wanted_since, self._since)

    def next(self, lanes: int, replicas: int, wanted_since: Optional[float], now: float) -> int:
        """How many lanes it takes now, where there are `lanes` and the trainer may wait since some time."""
        limit = min(self._most, behaviour.MOST_LANES, behaviour.LANES_PER_REPLICA * replicas)
        passed = now - self._since
        if self._given or lanes >= limit or passed < behaviour.STARVED_SECONDS or self._taken < lanes:
            return lanes
        waited = self._waited + (0.0 if wanted_since is None else now - max(wanted_since, self._since))
        self._since, self._waited, self._taken = now, 0.0, 0
        return min(2 * lanes, limit) if waited > behaviour.STARVED_SHARE * passed else lanes
