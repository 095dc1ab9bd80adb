"""Which rank of how many this process is."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any, List, Mapping, Optional, Tuple

from tributary.batch import torch
from tributary.errors import wrong

log = logging.getLogger("tributary")

# What launchers set: torchrun and accelerate, Slurm's srun, Open MPI, and MPICH with its kin.
_LAUNCHERS = (
    ("RANK", "WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
)

# How long the process group's store may take to answer, in seconds.
_STORE_SECONDS = 5.0


def checked(rank: Optional[int], world_size: Optional[int]) -> Optional[Tuple[int, int]]:
    """Rank and world size as given, both or neither; None where neither is."""
    if rank is None and world_size is None:
        return None
    if rank is None or world_size is None:
        raise wrong(
            "RANK_INVALID",
            "rank and world_size together",
            f"rank={rank} and world_size={world_size}",
            "Give both, or neither to have them found",
        )
    if world_size < 1:
        raise wrong("WORLD_SIZE_INVALID", "a world_size of 1 or more", str(world_size), "Give the number of ranks")
    if not 0 <= rank < world_size:
        raise wrong("RANK_INVALID", f"a rank from 0 to {world_size - 1}", str(rank), "Ranks count from 0")
    return int(rank), int(world_size)


def of_process_group() -> Optional[Tuple[int, int]]:
    """Rank and world size of torch.distributed, where it is initialised."""
    distributed = torch.distributed if torch is not None and torch.distributed.is_available() else None
    if distributed is None or not distributed.is_initialized():
        return None
    return distributed.get_rank(), distributed.get_world_size()


def of_launcher(environment: Mapping[str, str]) -> Tuple[int, int]:
    """Rank and world size as the first launcher that speaks of more than one process says; 0 of 1 where none does.

    A world without a rank is RANK_INVALID: whoever guessed 0 would stream the first rank's share in every process.
    """
    for rank_name, size_name in _LAUNCHERS:
        # Slurm tells a batch script its job's tasks too, but only what srun has started is one of them; a shell that srun
        # has started is where somebody types.
        if rank_name == "SLURM_PROCID" and "SLURM_PTY_PORT" in environment:
            continue
        rank, size = _number(environment, rank_name), _number(environment, size_name)
        torchrun = rank_name == "RANK"
        # Some trainers set RANK to -1 where there is only one process.
        if (size is None or size <= 1) and (rank is None or rank <= 0 or not torchrun):
            if torchrun and size is not None:
                break
            continue
        if rank is None or size is None or not 0 <= rank < size:
            raise wrong(
                "RANK_INVALID",
                f"{rank_name} from 0 and {size_name} above it",
                f"{rank_name}={environment.get(rank_name, '')} and {size_name}={environment.get(size_name, '')}",
                "Iterate after init_process_group, give the loader rank and world_size, or set both variables",
            )
        return rank, size
    return 0, 1


def rank_and_world_size() -> Tuple[int, int]:
    """Rank and world size of this process: of torch.distributed, else of its launcher."""
    return of_process_group() or of_launcher(os.environ)


def _number(environment: Mapping[str, str], name: str) -> Optional[int]:
    text = environment.get(name, "")
    try:
        return int(text) if text else None
    except ValueError:
        raise wrong("RANK_INVALID", f"a number in {name}", repr(text), f"Set {name} as torchrun does, or unset it") from None


def claim(fingerprint: str, rank: int, world_size: int) -> None:
    """Tells the process group which share this process streams, where there is a group.

    RANK_INVALID where another process of the group streams the same one and there is a rank for each. Nobody is waited for:
    the group's store keeps the first process that claims a share. Where there are fewer shares than processes, some may be
    meant to work on one share together, as in tensor parallelism: that is only logged.
    """
    group = of_process_group()
    if group is None or group[1] == 1:
        return
    holder = _claimed(f"tributary/{fingerprint}/{rank}/{world_size}", group[0])
    if holder is None or holder == group[0]:
        return
    if world_size >= group[1]:
        raise wrong(
            "RANK_INVALID",
            f"another share for each of the {group[1]} processes of torch.distributed's group",
            f"rank {rank} of {world_size} in its processes {holder} and {group[0]}",
            "Give the global rank, not the local one, or give none to have it found",
        )
    log.warning(
        "Processes %d and %d of the process group both stream rank %d of %d: right only if they train on the same batches.",
        holder, group[0], rank, world_size,
    )  # fmt: skip


def _claimed(key: str, who: int) -> Optional[int]:
    """Who has claimed a key of the process group's store first; None where there is no such store or it does not answer."""
    found: List[Any] = []

    def ask() -> None:
        try:
            store = torch.distributed.distributed_c10d._get_default_store()
            found.append(int(store.compare_set(key, "", str(who))))
        except Exception as error:  # a group without a store, or another torch: then nobody can be asked
            log.debug("the process group's store does not say who claimed %s: %s", key, error)

    thread = threading.Thread(target=ask, name="tributary-claim", daemon=True)
    thread.start()
    thread.join(_STORE_SECONDS)
    return found[0] if found else None


def worker_and_count() -> Tuple[int, int]:
    """Which DataLoader worker of how many this process is; 0 of 1 in the main process."""
    info = torch.utils.data.get_worker_info() if torch is not None else None
    return (0, 1) if info is None else (info.id, info.num_workers)
