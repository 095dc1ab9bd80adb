"""Which rank of how many this process is."""

from __future__ import annotations

import os
from typing import Optional, Tuple

from tributary.batch import torch
from tributary.errors import wrong


def rank_and_world_size(rank: Optional[int] = None, world_size: Optional[int] = None) -> Tuple[int, int]:
    """Rank and world size: as given, else from torch.distributed, else from RANK and WORLD_SIZE, else 0 of 1."""
    if rank is None and world_size is None:
        distributed = torch.distributed if torch is not None and torch.distributed.is_available() else None
        if distributed is not None and distributed.is_initialized():
            rank, world_size = distributed.get_rank(), distributed.get_world_size()
        else:
            # Some trainers set RANK to -1 where there is only one process.
            rank = max(0, _number("RANK", 0))
            world_size = max(1, _number("WORLD_SIZE", 1))
    elif rank is None or world_size is None:
        raise wrong(
            "RANK_INVALID",
            "rank and world_size together",
            f"rank={rank} and world_size={world_size}",
            "Give both, or neither to have them found",
        )
    if world_size < 1:  # type: ignore[operator]
        raise wrong("WORLD_SIZE_INVALID", "a world_size of 1 or more", str(world_size), "Give the number of ranks")
    if not 0 <= rank < world_size:  # type: ignore[operator]
        raise wrong("RANK_INVALID", f"a rank from 0 to {world_size - 1}", str(rank), "Ranks count from 0")  # type: ignore[operator]
    return int(rank), int(world_size)  # type: ignore[arg-type]


def _number(name: str, otherwise: int) -> int:
    text = os.environ.get(name, "")
    if not text:
        return otherwise
    try:
        return int(text)
    except ValueError:
        raise wrong("RANK_INVALID", f"a number in {name}", repr(text), f"Set {name} as torchrun does, or unset it") from None


def worker_and_count() -> Tuple[int, int]:
    """Which DataLoader worker of how many this process is; 0 of 1 in the main process."""
    info = torch.utils.data.get_worker_info() if torch is not None else None
    return (0, 1) if info is None else (info.id, info.num_workers)
