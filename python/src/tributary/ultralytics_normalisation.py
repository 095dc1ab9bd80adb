"""How an Ultralytics trainer normalises the images that it validates with, and so must those that it trains with.

Upstream has had ImageNet's mean and standard deviation, then 0 and 1, and its distillation trainer has ImageNet's: so they
are read from the trainer itself.
"""

from __future__ import annotations

from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from tributary.batch import torch
from tributary.errors import wrong
from tributary.normalize import same_values
from tributary.ranks import of_process_group
from tributary.run import RunDescription

# Steps after which values are in [0, 1], by the names of their classes: torchvision's, upstream's own, albumentations'.
_SCALING = ("ToTensor", "ToTensorV2", "ToDtype", "ConvertImageDtype")


class Normalisation(NamedTuple):
    """Mean and standard deviation per channel, of values in [0, 1]."""

    mean: Tuple[float, ...]
    std: Tuple[float, ...]

    def is_as(self, other: Normalisation) -> bool:
        """Whether it gives the same float32 values as another."""
        return same_values(self.mean, other.mean) and same_values(self.std, other.std)

    def __str__(self) -> str:
        return f"mean {_written(self.mean)} and std {_written(self.std)}"


def of_run(run: RunDescription) -> Normalisation:
    """The normalisation of a run: that of the batches which its replicas normalise."""
    return Normalisation(run.mean, run.std)


def of_validation(trainer: Any) -> Optional[Normalisation]:
    """The normalisation of a trainer's validation images; None where it is not to be seen.

    It is that of the transform of `trainer.test_loader`, or of the one that the distillation trainer would build. All ranks
    of a process group get what its first rank sees: some versions of Ultralytics validate there alone.
    """
    found = _seen(trainer)
    group = of_process_group()
    if group is None or group[1] == 1:
        return found
    told: List[Any] = [found]
    torch.distributed.broadcast_object_list(told, 0)
    return told[0]


def chosen(
    found: Optional[Normalisation], setting: Optional[Normalisation], run: RunDescription, data_type: str
) -> Normalisation:
    """The normalisation of training batches: validation's, or the setting's where validation's cannot be seen.

    ARGUMENT_INVALID where both are known and differ, where neither is, and where replicas normalise otherwise.
    """
    if found is None and setting is None:
        raise wrong(
            "ARGUMENT_INVALID",
            "a Normalize in the transform of the trainer's validation data, or mean and std in Settings",
            "neither",
            "Set mean and std of Settings to those that the trainer validates with",
        )
    if found is not None and setting is not None and not found.is_as(setting):
        raise wrong(
            "ARGUMENT_INVALID",
            f"the {found} that the trainer validates with",
            f"{setting} in Settings",
            "Leave mean and std out of Settings, or validate with the same",
        )
    result = found or setting
    assert result is not None
    if data_type != "uint8" and not result.is_as(of_run(run)):
        raise wrong(
            "ARGUMENT_INVALID",
            f"the {result} that the trainer validates with",
            f"{data_type} images that the replicas normalise with {of_run(run)}",
            "Leave data_type out of Settings.arguments: uint8 images are normalised in the trainer",
        )
    return result


def _seen(trainer: Any) -> Optional[Normalisation]:
    for transform in _transforms(getattr(getattr(trainer, "test_loader", None), "dataset", None)):
        found = of_transform(transform)
        if found is not None:
            return found
    # The distillation trainer's shards are a pipeline, which does not show its transform.
    build = getattr(trainer, "_build_transforms", None)
    return None if build is None else of_transform(build("val"))


def _transforms(dataset: Any) -> Iterator[Any]:
    if dataset is None:
        return
    for name in ("torch_transforms", "transform", "transforms"):
        transform = getattr(dataset, name, None)
        if transform is not None:
            yield transform
    # Of a ConcatDataset and of a Subset.
    inner = getattr(dataset, "datasets", None) or [getattr(dataset, "dataset", None)]
    yield from _transforms(inner[0])


def of_transform(transform: Any) -> Optional[Normalisation]:
    """The normalisation of a transform; None where it shows none and does not scale to [0, 1] either."""
    steps = list(steps_of(transform))
    for step in steps:
        if "Normalize" in type(step).__name__ and hasattr(step, "mean") and hasattr(step, "std"):
            return Normalisation(_numbers(step.mean), _numbers(step.std))
    scaled = any(type(step).__name__ in _SCALING for step in steps)
    return Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)) if scaled else None


def steps_of(transform: Any) -> Iterator[Any]:
    """The steps of a transform, one by one, however it is composed."""
    inner = getattr(transform, "transforms", None)
    if inner is None:
        yield transform
        return
    for step in inner:
        yield from steps_of(step)


def _numbers(values: Any) -> Tuple[float, ...]:
    return tuple(float(value) for value in values)


def _written(values: Sequence[float]) -> str:
    return "(" + ", ".join(f"{value:.6g}" for value in values) + ")"
