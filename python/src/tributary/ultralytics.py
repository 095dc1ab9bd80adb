"""Tributary in an Ultralytics trainer: its training batches, and the weight decay of its epochs.

    class Trainer(TributaryTrainer, ClassificationTrainer):
        tributary = Settings("dns:///loader:50051", run="fastvit", schedule="dns:///schedule:50052")

Everything is in the class, and happens in each rank's own process: Ultralytics makes the trainer anew in every process
of a distributed run, from its class and its arguments, and callbacks that were added to a model stay behind.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, Mapping, Optional

import torch

from tributary.batch import Batch
from tributary.errors import wrong
from tributary.loader import Loader
from tributary.normalize import normalize
from tributary.ranks import rank_and_world_size
from tributary.replicas import Target
from tributary.schedule import Schedule


@dataclass(frozen=True)
class Settings:
    """Where the batches and the schedule are from. `arguments` are further ones of `tributary.Loader`.

    Without `schedule`, weight decay is the trainer's own.
    """

    target: Target
    run: str
    schedule: Optional[Target] = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


class TributaryTrainer:
    """A mixin for an Ultralytics trainer, before the trainer's class. Training batches come from Tributary, validation's as
    they did. The batch size must be the run's global batch: the run decides which samples a batch holds.
    """

    tributary: Settings

    def get_dataloader(self, dataset_path: Any, batch_size: int = 16, rank: int = 0, mode: str = "train") -> Any:
        """The loader of a mode; `batch_size` is one rank's, as Ultralytics has it. May be called again."""
        if mode != "train":
            return super().get_dataloader(dataset_path, batch_size=batch_size, rank=rank, mode=mode)  # type: ignore[misc]
        settings = self.tributary
        rank, world_size = rank_and_world_size()
        loader = Loader(settings.target, run=settings.run, rank=rank, world_size=world_size, **settings.arguments)
        run = loader.describe()
        if run.global_batch != batch_size * world_size:
            raise wrong(
                "ARGUMENT_INVALID",
                f"the run's global batch of {run.global_batch}",
                f"{batch_size} for each of {world_size} ranks",
                f"Train with batch={run.global_batch}, or change global_batch of run {settings.run}",
            )
        schedule = Schedule(settings.schedule, run=settings.run) if settings.schedule is not None else None
        if schedule is not None:
            schedule.check_loader(loader)
        previous = self.__dict__.get("_tributary_loader")
        if previous is not None:
            previous.loader.close()
        train_loader = TrainLoader(loader, self, schedule)
        if previous is None:
            self.add_callback("on_train_epoch_start", _on_train_epoch_start)  # type: ignore[attr-defined]
        self._tributary_loader = train_loader
        return train_loader


def _on_train_epoch_start(trainer: Any) -> None:
    trainer._tributary_loader.begin_epoch(trainer.epoch)


class TrainLoader:
    """What Ultralytics asks of a training loader: batches as dicts, lengths, a sampler to tell the epoch, `reset`.

    A batch has `img` (float32 [n, 3, height, width], normalised and erased, on the trainer's device), `cls` (int64 [n], -1
    where a sample has no class), `im_file` (source and key of each sample) and `batch_idx` (the index in the batch).
    """

    # The trainer reads both: there are no worker processes, a stream reads ahead in threads.
    num_workers = 0
    batch_sampler = None

    def __init__(self, loader: Loader, trainer: Any, schedule: Optional[Schedule]):
        self.loader = loader
        self.dataset = SampleCount(loader)
        self.sampler = self
        self._trainer = weakref.ref(trainer)
        self._schedule = schedule

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        trainer = self._trainer()
        device = getattr(trainer, "device", None)
        # Without distributed training, nobody calls set_epoch.
        if trainer is not None:
            self.begin_epoch(trainer.epoch)
        for batch in self.loader:
            yield as_dict(batch, device)

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next iteration, as a DistributedSampler does."""
        self.loader.set_epoch(epoch)

    def begin_epoch(self, epoch: int) -> None:
        """Sets the epoch, and the optimizer's weight decay where there is a schedule. Doing it twice is doing it once."""
        self.loader.set_epoch(epoch)
        optimizer = getattr(self._trainer(), "optimizer", None)
        if self._schedule is not None and optimizer is not None:
            self._schedule.apply(optimizer, epoch)

    def reset(self) -> None:
        """Ends what is under way; the next iteration begins anew."""
        self.loader.close()


class SampleCount:
    """The data set as far as a trainer looks at it: its length, the samples of an epoch."""

    def __init__(self, loader: Loader):
        self._loader = loader

    def __len__(self) -> int:
        return self._loader.describe().samples_per_epoch


def as_dict(batch: Batch, device: Any = None) -> Dict[str, Any]:
    """A batch under the names of Ultralytics."""
    if device is not None:
        batch = batch.to(device)
    images = normalize(batch) if batch.images.dtype == torch.uint8 else batch.images
    return {
        "img": images,
        "cls": batch.labels,
        "im_file": [f"{sample.source}/{sample.key}" for sample in batch.samples],
        "batch_idx": torch.arange(len(batch), device=batch.labels.device),
    }
