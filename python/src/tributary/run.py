"""A run as a request names it, and as its replicas describe it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from tributary import contract
from tributary.batch import ONLY_VIEW
from tributary.errors import wrong


@dataclass(frozen=True)
class ViewGroup:
    """Views of one kind: `count` of each sample, with sides of `image_size` pixels. `of` is the group whose crops they show."""

    name: str
    count: int
    image_size: int
    of: str


class Resolution(NamedTuple):
    """Sizes of some of a run's steps: how often they come, in any unit, and the side of each group's images, in pixels."""

    weight: float
    image_sizes: Mapping[str, int]


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
    # What each step has one of; empty where all steps have the same sizes.
    resolutions: Tuple[Resolution, ...] = ()

    @property
    def sample_pixels(self) -> int:
        """Pixels of all views of a sample; of several resolutions, of the largest."""
        views = self.views or (ViewGroup(ONLY_VIEW, 1, self.image_size, ""),)
        each = [r.image_sizes for r in self.resolutions] or [{v.name: v.image_size for v in views}]
        return max(sum(v.count * sizes[v.name] ** 2 for v in views) for sizes in each)


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
    names = [v.name for v in answer.views] or [ONLY_VIEW]
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
        resolutions=tuple(Resolution(r.weight, dict(zip(names, r.image_sizes))) for r in answer.resolutions),
    )


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, str)) else tuple(value)
