"""What an iteration asks for, as plain values: any process can ask for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tributary import behaviour
from tributary.replicas import Options, Target


@dataclass(frozen=True)
class Pace:
    """How much is read ahead, and when a stream counts as lost. Times in seconds.

    `window` batches are held or under way, or, where it is 0, some for each lane; `most` in any case at the most. There are
    `lanes`, or, where it is 0, as many as it takes. A lease is `lease` batches. A stream without a message for
    `stall_timeout` has hung. A step that the trainer waits for and that takes longer than `hedge_factor` times the median, and
    `hedge_seconds`, is asked for again elsewhere.
    """

    window: int
    most: int
    lanes: int
    lease: int
    stall_timeout: float
    hedge_factor: float
    hedge_seconds: float

    def bounded(self, most: int) -> Pace:
        """With a bound on the batches that are held or under way."""
        return replace(self, most=max(1, min(most, self.window or most)))

    def without(self, ahead: int) -> Pace:
        """With so many batches fewer, because they are held elsewhere."""
        return replace(self, window=max(1, self.window - ahead) if self.window else 0, most=self.most - ahead)

    def share(self, number: int, of: int) -> Pace:
        """What is left for the `number`-th of several that share the lanes."""

        def part(whole: int) -> int:
            return max(1, (whole + number) // of)

        return replace(
            self,
            window=part(self.window) if self.window else 0,
            most=part(self.most),
            lanes=part(self.lanes) if self.lanes else 0,
        )

    def ahead(self, lanes: int) -> int:
        """The batches that so many lanes hold or have under way."""
        return min(self.most, self.window or behaviour.PREFETCH_PER_LANE * lanes)


@dataclass(frozen=True)
class Steps:
    """The steps of an epoch that are wanted: `count` of them from `first`, `stride` apart."""

    epoch: int
    first: int
    stride: int
    count: int

    def at(self, turn: int) -> int:
        """The step at a turn."""
        return self.first + turn * self.stride


@dataclass(frozen=True)
class Wanted:
    """What an iteration asks for, as plain values: any process can ask for it."""

    target: Target
    options: Options
    # A StreamBatchesRequest without its steps.
    request: bytes
    fingerprint: str
    # Bytes of each batch's tensor, but for the last one of an evaluation.
    batch_bytes: int
    steps: Steps
    pace: Pace
