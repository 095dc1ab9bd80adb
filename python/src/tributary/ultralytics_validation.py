"""Validation of an Ultralytics trainer from the replicas, where it has no files: the data set that it is told of, the
transform that it would validate with, and the loader of an evaluation stream in that transform's place.
"""

from __future__ import annotations

import importlib
import inspect
import logging
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from tributary.errors import TributaryError, wrong
from tributary.loader import Loader
from tributary.run import RunDescription
from tributary.ultralytics_agreement import is_distillation
from tributary.ultralytics_batch import TrainerBatch, trainer_batch
from tributary.ultralytics_normalisation import Normalisation, steps_of

log = logging.getLogger("tributary")


def dataset_of(run: RunDescription, classes: Sequence[str]) -> Dict[str, Any]:
    """A data set as `check_cls_dataset` describes one, of a run in the place of a folder."""
    names = dict(enumerate(classes))
    return {"train": run.name, "val": run.name, "test": None, "nc": len(names), "names": names, "channels": 3}


@contextmanager
def in_place_of_a_folder(trainer: Any, data: Callable[[], Dict[str, Any]]) -> Iterator[None]:
    """Gives Ultralytics this data set wherever it looks for a folder of classes: when the trainer is made, and when its
    validator evaluates the best weights.
    """
    modules: List[Any] = [importlib.import_module(_package(trainer) + name) for name in ("engine.trainer", "engine.validator")]
    found = [module.check_cls_dataset for module in modules]
    try:
        for module in modules:
            module.check_cls_dataset = lambda *_, **__: data()
        yield
    except Exception as error:
        # Upstream says of any error here that the folder is at fault.
        cause = error.__cause__ or error.__context__
        if isinstance(cause, TributaryError):
            raise cause from None
        raise
    finally:
        for module, own in zip(modules, found):
            module.check_cls_dataset = own


def transform_of(trainer: Any) -> Any:
    """The transform that a trainer would validate files with."""
    build = getattr(trainer, "_build_transforms", None)
    return classify_transform(trainer, trainer.args.imgsz) if build is None else build("val")


def classify_transform(trainer: Any, size: int) -> Any:
    """The transform of Ultralytics' classification for images that are not augmented, as its data set asks for it."""
    build = importlib.import_module(_package(trainer) + "data.augment").classify_transforms
    # Some versions resize to more than they crop.
    fraction = getattr(trainer.args, "crop_fraction", None)
    more = {"crop_fraction": fraction} if fraction and "crop_fraction" in inspect.signature(build).parameters else {}
    return build(size=size, **more)


def check_transform(transform: Any, run: RunDescription) -> None:
    """ARGUMENT_INVALID where an evaluation does not resize and crop as the trainer's transform does. Where that has no Resize,
    as before Ultralytics 8.1, only the size is compared, and the difference is logged.
    """
    steps = {type(step).__name__: step for step in steps_of(transform)}
    ours = {"resize_size": run.resize_size, "image_size": run.image_size, "interpolation": run.knobs.get("interpolation")}
    crop = steps.get("CenterCrop")
    theirs = {"image_size": getattr(crop, "h", None) or _side(getattr(crop, "size", None))}
    resize = steps.get("Resize")
    if resize is not None:
        theirs["resize_size"] = _side(resize.size)
        theirs["interpolation"] = getattr(resize.interpolation, "name", resize.interpolation)
    else:
        log.warning(
            "run %s: this Ultralytics resizes files with OpenCV, without antialiasing; validation from the replicas resizes as "
            "torchvision does, as later versions do",
            run.name,
        )
    for name, value in theirs.items():
        if value != ours[name]:
            raise wrong(
                "ARGUMENT_INVALID",
                f"validation images with the trainer's {name} of {value}",
                f"{ours[name]} in the evaluation of run {run.name}",
                f"Set {name}: {value} in run {run.name}, or name another run in Settings: validate_run, or knn for k-NN",
            )


class EvaluationLoader:
    """What Ultralytics asks of a validation loader: the batches of an evaluation stream, in pieces of at most its own size.

    Left out are samples that Ultralytics would not validate with: substitutes of files that cannot be decoded, and those
    of classes that the trainer does not have. `classes` is how many it has; None where it learns none.
    """

    num_workers = 0
    batch_sampler = None

    def __init__(
        self, loader: Loader, transform: Any, how: Normalisation, device: Any, batch_size: int, classes: Optional[int]
    ):
        self.loader = loader
        self.dataset = EvaluatedSamples(loader, transform)
        self.sampler = None
        self._how = how
        self._device = device
        self._batch_size = batch_size
        self._classes = classes

    def __len__(self) -> int:
        run, size = self.loader.describe(), self._batch_size
        share = run.global_batch // self.loader.world_size
        whole, rest = divmod(run.samples_per_epoch, run.global_batch)
        mine = min(max(rest - self.loader.rank * share, 0), share)
        return whole * -(-share // size) + -(-mine // size)

    def __iter__(self) -> Iterator[TrainerBatch]:
        for streamed in self.loader:
            slots = [slot for slot, sample in enumerate(streamed.samples) if self._counts(sample)]
            if slots:
                batch = trainer_batch(streamed, self._how, self._device)
                for start in range(0, len(slots), self._batch_size):
                    yield batch.take(slots[start : start + self._batch_size])

    def _counts(self, sample: Any) -> bool:
        known = self._classes is None or (sample.label is not None and sample.label < self._classes)
        return known and sample.status != "substituted"

    def reset(self) -> None:
        """Ends what is under way; the next iteration begins anew."""
        self.loader.close()


class EvaluatedSamples:
    """The data set as far as a trainer looks at it: its length, and the transform by which its images are made."""

    def __init__(self, loader: Loader, transform: Any):
        self._loader = loader
        self.torch_transforms = transform

    def __len__(self) -> int:
        return self._loader.describe().samples_per_epoch


def attach(trainer: Any, transform: Any) -> None:
    """Gives the trainer's model the transform that it is to predict with, as upstream's classification trainer does."""
    if not is_distillation(trainer):
        getattr(trainer.model, "module", trainer.model).transforms = transform


def _package(trainer: Any) -> str:
    """`ultralytics.`, or `ultralytics.yolo.` before 8.0.136: where the trainer is from."""
    names: List[str] = [kind.__module__ for kind in type(trainer).__mro__ if kind.__module__.endswith(".engine.trainer")]
    return names[-1][: -len("engine.trainer")]


def _side(size: Any) -> Any:
    sides = set(size) if isinstance(size, (list, tuple)) else {size}
    return sides.pop() if len(sides) == 1 else size
