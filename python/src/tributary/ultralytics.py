"""Tributary in an Ultralytics trainer: its training batches, and the weight decay of its epochs.

    class Trainer(TributaryTrainer, ClassificationTrainer):
        tributary = Settings("dns:///loader:50051", run="fastvit", schedule="dns:///schedule:50052")

Everything is in the class, and happens in each rank's own process: Ultralytics makes the trainer anew in every process
of a distributed run, from its class and its arguments, and callbacks that were added to a model stay behind.
"""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Sequence, Union

import torch

from tributary import ultralytics_agreement as agreement
from tributary import ultralytics_normalisation as normalisation
from tributary.batch import Batch
from tributary.errors import wrong
from tributary.loader import Loader
from tributary.normalize import normalize
from tributary.ranks import rank_and_world_size
from tributary.replicas import Target
from tributary.schedule import Schedule
from tributary.ultralytics_normalisation import Normalisation


@dataclass(frozen=True)
class Settings:
    """Where the batches and the schedule are from. `arguments` are further ones of `tributary.Loader`.

    The schedule is asked for with the loader's credentials, channel options and times to wait; a `tributary.Schedule`
    has its own. Without one, weight decay is the trainer's own. `mean` and `std`, per channel, are needed only where the
    trainer's validation transform does not show them.
    """

    target: Target
    run: Optional[str] = None
    schedule: Optional[Union[Target, Schedule]] = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    mean: Optional[Sequence[float]] = None
    std: Optional[Sequence[float]] = None

    def __post_init__(self) -> None:
        own = sorted(
            {"target", "run", "rank", "world_size", "epoch", "split", "evaluate", "batch_format"} & set(self.arguments)
        )
        if own:
            raise wrong(
                "ARGUMENT_INVALID", "arguments that the trainer leaves open", ", ".join(own), "Leave them out of arguments"
            )
        if (self.mean is None) != (self.std is None):
            raise wrong("ARGUMENT_INVALID", "mean and std together", "one of them", "Set both, or neither")

    @property
    def normalisation(self) -> Optional[Normalisation]:
        """`mean` and `std`; None where they are not set."""
        return None if self.mean is None or self.std is None else Normalisation(tuple(self.mean), tuple(self.std))


class TributaryTrainer:
    """A mixin for an Ultralytics trainer, before the trainer's class. Training batches come from Tributary, validation's as
    they did. What the run decides (batch size, epochs, image size, classes, normalisation) must be what the trainer says:
    ARGUMENT_INVALID before the first batch where it is not.
    """

    tributary: Settings

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Trains, as the trainer does."""
        self._check_importable()
        return super().train(*args, **kwargs)  # type: ignore[misc]

    def get_dataloader(self, dataset_path: Any, batch_size: int = 16, rank: int = 0, mode: str = "train") -> Any:
        """The loader of a mode; `batch_size` is one rank's, as Ultralytics has it. May be called again."""
        if mode != "train":
            return super().get_dataloader(dataset_path, batch_size=batch_size, rank=rank, mode=mode)  # type: ignore[misc]
        settings = self.tributary
        rank, world_size = rank_and_world_size()
        loader = Loader(settings.target, run=settings.run, rank=rank, world_size=world_size, **settings.arguments)
        agreement.check_batch(loader.describe(), batch_size, world_size)
        schedule = settings.schedule
        if schedule is not None and not isinstance(schedule, Schedule):
            schedule = Schedule.beside(loader, schedule)
        if schedule is not None:
            schedule.check_loader(loader)
        previous = self.__dict__.get("_tributary_loader")
        if previous is not None:
            previous.loader.close()
        self._tributary_loader = TrainLoader(loader, self, schedule)
        return self._tributary_loader

    def run_callbacks(self, event: str) -> None:
        """Runs an event's callbacks: after what Tributary does at it, which a model's callbacks need not know of."""
        loader = self.__dict__.get("_tributary_loader")
        if loader is not None:
            if event == "on_pretrain_routine_end":
                loader.agree()
            elif event == "on_train_epoch_start":
                loader.begin_epoch(self.epoch)  # type: ignore[attr-defined]
            elif event == "teardown":
                loader.loader.close()
        super().run_callbacks(event)  # type: ignore[misc]

    def _check_importable(self) -> None:
        # Ultralytics' processes import the class by its module's name.
        devices = str(getattr(self.args, "device", "") or "").strip("[]() ").split(",")  # type: ignore[attr-defined]
        if len(devices) > 1 and "LOCAL_RANK" not in os.environ and type(self).__module__ == "__main__":
            raise wrong(
                "ARGUMENT_INVALID",
                "a trainer class in a module that the processes of several devices can import",
                f"{type(self).__name__} in the script itself",
                f"Move {type(self).__name__} to a file of its own, import it from there, and put its folder on PYTHONPATH",
            )


class TrainLoader:
    """What Ultralytics asks of a training loader: batches, lengths, a sampler to tell the epoch, `reset`."""

    # The trainer reads both: there are no worker processes, a stream reads ahead in threads.
    num_workers = 0
    batch_sampler = None

    def __init__(self, loader: Loader, trainer: Any, schedule: Optional[Schedule]):
        self.loader = loader
        self.dataset = SampleCount(loader)
        self.sampler = self
        self._trainer: Callable[[], Any] = weakref.ref(trainer)
        self._schedule = schedule
        self._normalisation: Optional[Normalisation] = None

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[TrainBatch]:
        how = self.agree()
        trainer = self._trainer()
        # Without distributed training, nobody calls set_epoch.
        self.begin_epoch(trainer.epoch)
        labelled = not agreement.is_distillation(trainer)
        for batch in self.loader:
            yield train_batch(batch, how, trainer.device, labelled)

    def agree(self) -> Normalisation:
        """The normalisation of the batches, once trainer and run agree on it and on all else that both decide."""
        if self._normalisation is None:
            trainer, run = self._trainer(), self.loader.describe()
            agreement.check_epochs(trainer, run)
            agreement.check_image_size(trainer, run)
            agreement.check_classes(trainer, run)
            if self._schedule is not None:
                agreement.check_weight_decay(trainer, run)
            settings = trainer.tributary
            self._normalisation = normalisation.chosen(
                normalisation.of_validation(trainer),
                settings.normalisation,
                run,
                settings.arguments.get("data_type", "uint8"),
            )
            if self.loader.rank == 0:
                agreement.tell_ignored(trainer, run, self._schedule is not None)
        return self._normalisation

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


class TrainBatch(Dict[str, Any]):
    """A batch under the names of Ultralytics.

    `img` (float32 [n, 3, height, width], normalised and erased, on the trainer's device), `cls` (int64 [n], -1 where a
    sample has no class), `im_file` (source and key of each sample) and `batch_idx` (the index in the batch).
    """

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """The images, as `Tensor.to` gives them: upstream's distillation trainer takes a batch for a tensor of images."""
        return self["img"].to(*args, **kwargs)


def train_batch(batch: Batch, how: Normalisation, device: Any, labelled: bool) -> TrainBatch:
    """A batch as the trainer takes it; ARGUMENT_INVALID where it must be `labelled` and samples have no class."""
    without = [sample.source for sample in batch.samples if sample.label is None] if labelled else []
    if without:
        raise agreement.unlabelled(without)
    batch = batch.to(device)
    return TrainBatch(
        img=normalize(batch, mean=how.mean, std=how.std),
        cls=batch.labels,
        im_file=[f"{sample.source}/{sample.key}" for sample in batch.samples],
        batch_idx=torch.arange(len(batch), device=batch.labels.device),
    )
