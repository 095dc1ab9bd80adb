"""What a loader yields in the place of a Batch, for training loops that know nothing of one."""

from __future__ import annotations

from typing import Any

from tributary.batch import Batch
from tributary.normalize import as_nchw, normalize

# The values of `batch_format`.
FORMATS = ("batch", "tuple", "dict")


def formatted(batch: Batch, batch_format: str) -> Any:
    """A batch as `batch_format` names it: itself, `(images, labels)`, or `{"pixel_values": images, "labels": labels}`, in which
    images are ready for a model.
    """
    if batch_format == "batch":
        return batch
    images = model_ready(batch)
    return (images, batch.labels) if batch_format == "tuple" else {"pixel_values": images, "labels": batch.labels}


def model_ready(batch: Batch) -> Any:
    """Images [n, 3, height, width], normalised and erased: float32 of uint8 pixels, other types as they came. Of
    several groups of views a dict of these."""
    if not batch.normalised:
        return normalize(batch)
    ready = {name: as_nchw(images, batch.layout) for name, images in batch.views.items()}
    return ready if len(ready) > 1 else next(iter(ready.values()))
