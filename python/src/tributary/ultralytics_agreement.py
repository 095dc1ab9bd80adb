"""What an Ultralytics trainer and a run each say of the same thing, and must agree on before the first batch."""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from tributary.errors import TributaryError, wrong
from tributary.run import RunDescription

log = logging.getLogger("tributary")

# Arguments of the trainer that a run has a knob for, of the same name and meaning.
_KNOBS = (
    "hsv_h", "hsv_s", "hsv_v", "fliplr", "flipud", "erasing", "auto_augment", "grayscale", "gaussian_blur", "solarize",
)  # fmt: skip

# Arguments that nothing takes the place of, and the values at which they ask for nothing.
_OTHERS: Mapping[str, Tuple[Any, ...]] = {"fraction": (1, None), "cache": (False, None, ""), "workers": (0, 8, None)}


def is_distillation(trainer: Any) -> bool:
    """Whether a trainer learns from teachers, as upstream's ImageEncoderTrainer does, and not from labels."""
    return hasattr(trainer, "teacher_models")


def check_batch(run: RunDescription, batch_size: int, world_size: int) -> None:
    """ARGUMENT_INVALID where the trainer's batches are not the run's."""
    if run.global_batch != batch_size * world_size:
        raise _differs(
            f"the run's global batch of {run.global_batch}",
            f"{batch_size} for each of {world_size} ranks",
            f"Train with batch={run.global_batch}, or change global_batch of run {run.name}",
        )


def check_epochs(trainer: Any, run: RunDescription) -> None:
    """ARGUMENT_INVALID where the trainer ends at another epoch than the run."""
    epochs = int(run.training["epochs"])
    hours = getattr(trainer.args, "time", None)
    if hours:
        raise _differs(
            f"a training of the run's {epochs} epochs", f"one of {hours} hours", f"Train with epochs={epochs}, and no time"
        )
    if trainer.epochs != epochs:
        raise _differs(
            f"the run's {epochs} epochs",
            f"{trainer.epochs}",
            f"Train with epochs={epochs}, or change epochs of run {run.name}",
        )


def check_image_size(trainer: Any, run: RunDescription) -> None:
    """ARGUMENT_INVALID where the trainer takes images of another size: `imgsz`, or a distillation trainer's load size."""
    if run.resolutions:
        raise _differs(
            "images of one size",
            f"{len(run.resolutions)} resolutions",
            f"Leave resolutions out of run {run.name}: Ultralytics trains at one imgsz",
        )
    name = next((n for n in ("_load_imgsz", "_teacher_imgsz") if hasattr(trainer, n)), None)
    size = trainer.args.imgsz if name is None else getattr(trainer, name)
    if size != run.image_size:
        whose = "imgsz" if name is None else "the size that the trainer loads images at for its teachers and its student"
        remedy = f"Train with imgsz={run.image_size}, or change" if name is None else "Change"
        raise _differs(
            f"images of {run.image_size} pixels, the run's image_size",
            f"{size}, {whose}",
            f"{remedy} image_size of run {run.name}",
        )


def classes_of(run: RunDescription) -> Tuple[str, ...]:
    """The classes of a run's samples, by label; ARGUMENT_INVALID where some have none, or another list."""
    if run.unlabelled:
        raise unlabelled(run.unlabelled)
    # Replicas of 0.1 send each source's classes alone, which are all sources' where they are the same.
    lists = {names for names in run.source_class_names.values() if names}
    classes = run.class_names or (lists.pop() if len(lists) == 1 else ())
    if not classes:
        named = "; ".join(f"{source}: {_listed(names)}" for source, names in run.source_class_names.items())
        raise _differs(
            "one list of classes for all sources",
            f"other ones in each ({named})",
            f"Leave labels: own out of run {run.name}, which then joins its sources' classes",
        )
    return classes


def check_classes(trainer: Any, run: RunDescription) -> None:
    """ARGUMENT_INVALID where a label of the run means another class than in the trainer, or where there are none. Classes that
    only the images of an evaluation have are left out of it, as upstream does, and logged.
    """
    if is_distillation(trainer):
        return
    classes = classes_of(run)
    names = trainer.data["names"]
    listed = [names[i] for i in sorted(names)] if isinstance(names, dict) else list(names)
    if run.evaluate and len(classes) > len(listed):
        log.warning("validation leaves out samples of %s, classes that training has not", _listed(classes[len(listed) :]))
        classes = classes[: len(listed)]
    for label, name in enumerate(classes):
        if label >= len(listed) or str(listed[label]) != name:
            raise _differs(
                f"the trainer's classes, {_listed(listed)}",
                f"{_listed(classes)} in the run, so that label {label} is another class",
                "Train with data whose train folder has the run's classes",
            )


def check_weight_decay(trainer: Any, run: RunDescription) -> None:
    """ARGUMENT_INVALID where the schedule's weight decay would not come to the parameters: none has any, or a distillation
    trainer's own schedule sets another one after it.
    """
    if not trainer.args.weight_decay:
        raise _differs(
            "a weight_decay above 0, by which the schedule knows the parameters that have any",
            "weight_decay=0",
            f"Train with weight_decay={run.training['weight_decay']:g}, or without a schedule",
        )
    own_end = getattr(trainer.args, "wd_end", None)
    if not own_end:
        return
    own = (float(trainer.args.weight_decay), float(own_end), "cosine")
    wanted = (run.training["weight_decay"], run.training["wd_end"], run.training["wd_schedule"])
    if own != wanted:
        raise _differs(
            f"weight decay as the run has it, from {wanted[0]} to {wanted[1]} ({wanted[2]})",
            f"the trainer's own schedule from {own[0]} to {own[1]} ({own[2]})",
            "Leave wd_end out of the trainer's arguments: the schedule endpoint sets weight decay",
        )


def tell_ignored(trainer: Any, run: RunDescription, scheduled: bool) -> None:
    """Logs, in one line, which of the trainer's arguments are not the run's and so are of no effect on training batches."""
    found = ignored(trainer, run, scheduled)
    if found:
        log.warning("run %s decides the training batches, not the trainer's %s", run.name, ", ".join(found))


def ignored(trainer: Any, run: RunDescription, scheduled: bool) -> List[str]:
    """The trainer's arguments that are not the run's, each with the run's value where it has one."""
    args = trainer.args
    theirs: Dict[str, Any] = {name: getattr(args, name) for name in _KNOBS if hasattr(args, name)}
    if "auto_augment" in theirs:
        theirs["auto_augment"] = theirs["auto_augment"] or "none"
    ours: Dict[str, Any] = {name: run.knobs.get(name) for name in _KNOBS}
    if hasattr(args, "scale") and not is_distillation(trainer):
        # Upstream's is how much smaller than the image a crop's area may be.
        theirs["scale"], ours["scale"] = (1.0 - float(args.scale), 1.0), run.knobs.get("scale")
    theirs["seed"], ours["seed"] = getattr(args, "seed", None), run.seed
    if scheduled:
        theirs["weight_decay"], ours["weight_decay"] = getattr(args, "weight_decay", None), run.training["weight_decay"]
    found = [
        f"{name} {_value(value)} (the run's: {_value(ours[name])})"
        for name, value in theirs.items()
        if value is not None and not _same(value, ours[name])
    ]
    for name, nothing in _OTHERS.items():
        value = getattr(args, name, None)
        if value not in nothing:
            found.append(f"{name} {_value(value)}")
    return found


def unlabelled(sources: Sequence[str]) -> TributaryError:
    """The refusal of sources with samples that have no class, by a trainer that learns classes."""
    return _differs(
        "a class for every sample, which a classification trainer learns",
        f"none for samples of {', '.join(sorted(set(sources)))}",
        "Leave such sources out of the run, or train with teachers",
    )


def _differs(expected: str, came: str, remedy: str) -> TributaryError:
    return wrong("ARGUMENT_INVALID", expected, came, remedy)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str):
        return one.lower() == (other or "none")
    if isinstance(one, tuple):
        return other is not None and len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other))
    return other is not None and abs(float(one) - float(other)) < 1e-9


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(f"{part:g}" for part in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value if value != "" else "none")


def _listed(names: Sequence[Any]) -> str:
    shown = ", ".join(str(name) for name in names[:5])
    return f"{shown} ... ({len(names)} in all)" if len(names) > 5 else shown
