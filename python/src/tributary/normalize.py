"""Normalisation on the trainer's device, equal to torchvision's to the bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional, Sequence

import numpy as np

from tributary.batch import Batch, Box, torch
from tributary.errors import wrong


def normalize(
    images: Any,
    erase: Optional[Sequence[Optional[Box]]] = None,
    *,
    mean: Optional[Sequence[float]] = None,
    std: Optional[Sequence[float]] = None,
    layout: Optional[str] = None,
) -> Any:
    """Images as a trainer takes them: float32 [n, 3, height, width], as `ToTensor`, `Normalize` and `RandomErasing` give them.

    `images` is a Batch, which brings boxes, mean, std and layout along, or a tensor or array of uint8 with `mean`,
    `std`, `layout` (nhwc where not given) and the `erase` boxes, one or None per image. The arithmetic is
    `(x / 255 - mean) / std` in float32 in that order (torchvision.transforms.functional.to_tensor and normalize), then
    zeros in the boxes, so the result equals torchvision's bit for bit, on the CPU and on a GPU.

    Of a Batch with several groups of views it is a dict of these, by the groups' names; views are not erased.

    A Batch that was streamed in another data type has been normalised and erased by its replica: its axes and type become
    these, and its values stay. ARGUMENT_INVALID where another mean or std is asked of it than the replica's.
    """
    if isinstance(images, Batch):
        batch = images
        if len(batch.views) > 1:
            ones = {name: replace(batch, images=each, groups={name: each}) for name, each in batch.views.items()}
            return {name: normalize(one, mean=mean, std=std, layout=layout) for name, one in ones.items()}
        if batch.normalised:
            _check_same(batch, mean, std)
            return _as_float32(batch.images, batch.layout if layout is None else layout)
        mean = batch.mean if mean is None else mean
        std = batch.std if std is None else std
        layout = batch.layout if layout is None else layout
        if erase is None and not batch.groups:
            erase = [sample.erase for sample in batch.samples]
        # Of whatever type they have become: 0 to 255 are exact in each.
        images = batch.images
    elif _kind(images) != "uint8":
        raise wrong("ARGUMENT_INVALID", "uint8 images", f"{images.dtype}", "Give a Batch, or pixels as they are")
    if mean is None or std is None:
        raise wrong("ARGUMENT_INVALID", "mean and std", "neither", "Give a Batch, or both of them per channel")
    if torch is not None and isinstance(images, torch.Tensor):
        result = _on_device(images, mean, std, layout or "nhwc")
    else:
        pixels = images if layout == "nchw" else images.transpose(0, 3, 1, 2)
        result = np.ascontiguousarray(pixels, dtype=np.float32)
        result /= np.float32(255)
        result -= np.asarray(mean, dtype=np.float32)[:, None, None]
        result /= np.asarray(std, dtype=np.float32)[:, None, None]
    for image, box in zip(result, erase or ()):
        if box is not None:
            image[:, box.top : box.top + box.height, box.left : box.left + box.width] = 0
    return result


def _on_device(images: Any, mean: Sequence[float], std: Sequence[float], layout: str) -> Any:
    pixels = images if layout == "nchw" else images.permute(0, 3, 1, 2)
    # A copy in any case, as it is worked on in place.
    result = pixels.to(torch.float32, memory_format=torch.contiguous_format, copy=True)
    place = {"dtype": torch.float32, "device": images.device}
    # A division by a Python number is a multiplication by its reciprocal on CUDA, which rounds otherwise.
    result = result.div_(torch.full((1,), 255.0, **place))
    result = result.sub_(torch.tensor(mean, **place).view(-1, 1, 1))
    return result.div_(torch.tensor(std, **place).view(-1, 1, 1))


def same_values(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two means or deviations are the same in float32, in which images are normalised."""
    return len(one) == len(other) and all(np.float32(a) == np.float32(b) for a, b in zip(one, other))


def _check_same(batch: Batch, mean: Optional[Sequence[float]], std: Optional[Sequence[float]]) -> None:
    for name, asked, had in (("mean", mean, batch.mean), ("std", std, batch.std)):
        if asked is not None and not same_values(asked, had):
            raise wrong(
                "ARGUMENT_INVALID",
                f"the {name} of the replica, which has normalised these images: {tuple(had)}",
                f"{tuple(asked)}",
                "Stream uint8, which is normalised here",
            )


def _kind(images: Any) -> str:
    return str(images.dtype).rsplit(".", 1)[-1]


def as_nchw(images: Any, layout: str) -> Any:
    """Images of a layout in the axes that models take, contiguous; of the same type."""
    if torch is not None and isinstance(images, torch.Tensor):
        return (images if layout == "nchw" else images.permute(0, 3, 1, 2)).contiguous()
    return np.ascontiguousarray(images if layout == "nchw" else images.transpose(0, 3, 1, 2))


def _as_float32(images: Any, layout: str) -> Any:
    pixels = as_nchw(images, layout)
    if torch is not None and isinstance(pixels, torch.Tensor):
        return pixels.to(torch.float32)
    if pixels.dtype == np.uint16:
        # bfloat16, which numpy does not have: the upper half of a float32.
        pixels = (pixels.astype(np.uint32) << 16).view(np.float32)
    return pixels.astype(np.float32, copy=False)
