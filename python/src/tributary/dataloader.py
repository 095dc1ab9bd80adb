"""What training frameworks put around a loader: a DataLoader for those that take nothing else, a sampler for those that tell
the epoch to nobody else, and refusals of those that would take a loader's batches apart or share them out once more.
"""

from __future__ import annotations

import itertools
import sys
from typing import Any, Dict, Iterator, Mapping

from tributary.batch import torch
from tributary.errors import wrong

_Base: Any = object if torch is None else torch.utils.data.DataLoader


class Sampler:
    """Hears the epoch for a loader, as a DistributedSampler does. It chooses nothing: the run does."""

    def __init__(self, loader: Any):
        self._loader = loader

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the loader's next iteration."""
        self._loader.set_epoch(epoch)

    def __iter__(self) -> Iterator[None]:
        # What torch asks of the sampler of an iterable.
        return itertools.repeat(None)


class DataLoader(_Base):
    """A torch DataLoader in kind, for frameworks that take nothing else. What it yields and where it stands is the loader's:
    there are no worker processes, and nothing is collated.

    `accelerator.prepare` leaves it as it is, and Accelerate's accumulation and `save_state` know it.
    """

    # What Accelerate asks of a DataLoader that is one rank's share already, and that has a state.
    _is_accelerate_prepared = True
    use_stateful_dataloader = True
    end_of_dataloader = False
    remainder = -1

    def __init__(self, loader: Any):
        super().__init__(loader, batch_size=None)
        # torch allows an iterable no sampler of its own.
        object.__setattr__(self, "sampler", Sampler(loader))

    def __len__(self) -> int:
        return len(self.dataset)

    def __iter__(self) -> Iterator[Any]:
        gradients = sys.modules["accelerate.state"].GradientState() if "accelerate.state" in sys.modules else None
        self.end_of_dataloader = False
        if gradients is not None:
            gradients._add_dataloader(self)
        try:
            for batch in self.dataset:
                self.end_of_dataloader = self.dataset.state_dict()["step"] >= len(self.dataset)
                yield batch
        finally:
            if gradients is not None:
                gradients._remove_dataloader(self)

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next iteration."""
        self.dataset.set_epoch(epoch)

    def state_dict(self) -> Dict[str, Any]:
        """That of the loader."""
        return self.dataset.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """That of the loader."""
        self.dataset.load_state_dict(state)


def refuse_collation(caller: Any) -> None:
    """ARGUMENT_INVALID where the frame that iterates a loader is a DataLoader's that would collate whole batches."""
    if getattr(caller.f_locals.get("self"), "auto_collation", False):
        raise wrong(
            "ARGUMENT_INVALID",
            "a DataLoader with batch_size=None",
            "one with a batch_size, which would put whole batches into a list",
            "Give DataLoader(loader, batch_size=None), or iterate the loader itself",
        )


def refuse_sharding(loader: Any) -> None:
    """ARGUMENT_INVALID where the DataLoader that Accelerate iterates now shares out among ranks what is one rank's share."""
    state, module = sys.modules.get("accelerate.state"), sys.modules.get("accelerate.data_loader")
    if state is None or module is None:
        return
    active = state.GradientState().active_dataloader
    dataset: Any = getattr(active, "dataset", None)
    if isinstance(dataset, module.IterableDatasetShard) and dataset.dataset is loader:
        raise sharded("one that takes every n-th batch of it")
    if isinstance(active, module.DataLoaderDispatcher) and dataset is loader:
        raise sharded("one whose first process reads for all (dispatch_batches)")


def sharded(came: str) -> Exception:
    """The error of a loader that Accelerate has prepared as if it were any iterable."""
    return wrong(
        "ARGUMENT_INVALID",
        "Accelerate to leave the loader's batches, which are one rank's share already, as they are",
        came,
        "Give accelerator.prepare the loader itself or loader.dataloader(), not a DataLoader of your own around it",
    )
