"""A run as a request names it, and as its replicas describe it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Tuple

from tributary import contract
from tributary.errors import wrong


@dataclass(frozen=True)
class ViewGroup:
    """Views of one kind: `count` of each sample, with sides of `image_size` pixels. `of` is the group whose crops they show."""

    name: str
    count: int
    image_size: int
    of: str


@dataclass(frozen=True)
class RunDescription:
    """What a run is, as DescribeRun tells it.

    `class_names` is in label order: `class_names[label]`. It is empty where no source has labels, and where the run has
    `labels: own` and its sources' classes differ: then a label is a place in the source's own `source_class_names`. Samples
    of the sources in `unlabelled`, whose `class_counts` are 0, have no label: `tributary.IGNORE` in `Batch.labels`.
    """

    name: str
    fingerprint: str
    recipe: str
    steps_per_epoch: int
    samples_per_epoch: int
    global_batch: int
    image_size: int
    mean: Tuple[float, ...]
    std: Tuple[float, ...]
    sources: Tuple[str, ...]
    class_names: Tuple[str, ...]
    source_class_names: Mapping[str, Tuple[str, ...]]
    class_counts: Mapping[str, int]
    unlabelled: Tuple[str, ...]
    split: str
    evaluate: bool
    resize_size: int
    training: Mapping[str, float]
    version: str
    knobs: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    # Of a run of several views: its groups, in the order of a batch's tensors. Empty where a sample has one view.
    views: Tuple[ViewGroup, ...] = ()

    @property
    def sample_pixels(self) -> int:
        """Pixels of all views of a sample."""
        return sum(group.count * group.image_size**2 for group in self.views) or self.image_size**2


def selector(
    run: Optional[str], inline_run: Optional[str], split: Optional[str] = None, evaluate: Optional[bool] = None
) -> Any:
    """The run of a request: a name of the server's config, or the text of a whole run; and which variant of it."""
    if bool(run) == bool(inline_run):
        raise wrong("ARGUMENT_INVALID", "run or inline_run", "both" if run else "neither", "Give one of them")
    if split not in (None, "train", "val"):
        raise wrong("ARGUMENT_INVALID", "a split of train or val", repr(split), "Set split, or leave it out")
    variant = {"split": split or "", **({} if evaluate is None else {"evaluate": bool(evaluate)})}
    return contract.RunSelector(name=run, **variant) if run else contract.RunSelector(inline_run=inline_run, **variant)


def described(answer: Any) -> RunDescription:
    """What a DescribeRunResponse tells."""
    training: Dict[str, float] = {
        descriptor.name: getattr(answer.training, descriptor.name)
        for descriptor in answer.training.DESCRIPTOR.fields
        if descriptor.name != "beta2" or answer.training.HasField("beta2")
    }
    # Replicas of 0.1 do not send the counts yet.
    counts = {source.name: source.class_count or len(source.class_names) for source in answer.sources}
    return RunDescription(
        name=answer.name,
        fingerprint=answer.fingerprint,
        recipe=answer.recipe,
        steps_per_epoch=answer.steps_per_epoch,
        samples_per_epoch=answer.samples_per_epoch,
        global_batch=answer.global_batch,
        image_size=answer.image_size,
        mean=tuple(answer.mean),
        std=tuple(answer.std),
        sources=tuple(source.name for source in answer.sources),
        class_names=tuple(answer.class_names),
        source_class_names={source.name: tuple(source.class_names) for source in answer.sources},
        class_counts=counts,
        unlabelled=tuple(name for name, count in counts.items() if count == 0),
        split=answer.split or "train",
        evaluate=answer.evaluate,
        resize_size=answer.resize_size,
        training=training,
        version=answer.version,
        knobs={d.name: _plain(getattr(answer.knobs, d.name)) for d in answer.knobs.DESCRIPTOR.fields},
        seed=answer.seed,
        views=tuple(ViewGroup(v.name, len(v.knobs), v.image_size, v.of) for v in answer.views),
    )


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, str)) else tuple(value)
