"""Made-up pixels: what a test replica sends, and what a test expects."""

from __future__ import annotations

import numpy as np

SIZE = 8


def image(epoch: int, step: int, slot: int, size: int = SIZE) -> np.ndarray:
    """The pixels of a slot of a global batch."""
    return np.random.RandomState([7, epoch, step, slot]).randint(0, 256, (size, size, 3), dtype=np.uint8)


def batch_pixels(epoch: int, step: int, rank: int, world_size: int, global_batch: int, size: int = SIZE) -> np.ndarray:
    """The pixels of a rank's share of a step."""
    share = global_batch // world_size
    return np.stack([image(epoch, step, slot, size) for slot in range(rank * share, (rank + 1) * share)])
