"""A batch under the names of Ultralytics, for training and for validation."""

from __future__ import annotations

from typing import Any, Dict, Sequence

import torch

from tributary.batch import Batch
from tributary.normalize import normalize
from tributary.ultralytics_normalisation import Normalisation


class TrainerBatch(Dict[str, Any]):
    """A batch as an Ultralytics trainer and its validator take it.

    `img` (float32 [n, 3, height, width], normalised and erased, on the trainer's device), `cls` (int64 [n], -1 where a
    sample has no class), `im_file` (source and key of each sample) and `batch_idx` (the index in the batch).
    """

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """The images, as `Tensor.to` gives them: upstream's distillation trainer takes a batch for a tensor of images."""
        return self["img"].to(*args, **kwargs)

    def take(self, slots: Sequence[int]) -> TrainerBatch:
        """A batch of these slots, in this order."""
        where = torch.tensor(slots, dtype=torch.int64, device=self["cls"].device)
        return TrainerBatch(
            img=self["img"][where],
            cls=self["cls"][where],
            im_file=[self["im_file"][slot] for slot in slots],
            batch_idx=torch.arange(len(slots), device=where.device),
        )


def trainer_batch(batch: Batch, how: Normalisation, device: Any) -> TrainerBatch:
    """A batch of a stream, normalised, on a device."""
    batch = batch.to(device)
    return TrainerBatch(
        img=normalize(batch, mean=how.mean, std=how.std),
        cls=batch.labels,
        im_file=[f"{sample.source}/{sample.key}" for sample in batch.samples],
        batch_idx=torch.arange(len(batch), device=batch.labels.device),
    )
