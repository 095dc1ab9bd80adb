"""Tributary in an Ultralytics trainer: its batches for training and validation, and the weight decay of its epochs.

    class Trainer(TributaryTrainer, ClassificationTrainer):
        tributary = Settings("dns:///loader:50051", run="fastvit", schedule="dns:///schedule:50052")

Everything is in the class, and happens in each rank's own process: Ultralytics makes the trainer anew in every process
of a distributed run, from its class and its arguments, and callbacks that were added to a model stay behind.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from dataclasses import dataclass, field
from typing import Any, Callable, ContextManager, Dict, Iterator, Mapping, Optional, Sequence, Union

from tributary import ultralytics_agreement as agreement
from tributary import ultralytics_normalisation as normalisation
from tributary import ultralytics_validation as validation
from tributary.errors import wrong
from tributary.loader import Loader
from tributary.ranks import rank_and_world_size
from tributary.replicas import Target
from tributary.schedule import Schedule
from tributary.ultralytics_batch import TrainerBatch, trainer_batch
from tributary.ultralytics_normalisation import Normalisation
from tributary.ultralytics_validation import EvaluationLoader

# The size of images in the k-NN of upstream's distillation trainer.
_KNN_SIZE = 224


@dataclass(frozen=True)
class Settings:
    """Where the batches and the schedule are from. `arguments` are further ones of `tributary.Loader`.

    The schedule is asked for with the loader's credentials, channel options and times to wait; a `tributary.Schedule`
    has its own. Without one, weight decay is the trainer's own. `mean` and `std`, per channel, are needed only where the
    trainer's validation transform does not show them.

    `validate` is the split to validate with from the replicas, "val" say; without it validation reads the trainer's files.
    `validate_run` is the run whose split that is, where it is another. `knn` is a run for a distillation trainer's k-NN:
    the images of its own split are the neighbours, those of "val" are classified.
    """

    target: Target
    run: Optional[str] = None
    schedule: Optional[Union[Target, Schedule]] = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    mean: Optional[Sequence[float]] = None
    std: Optional[Sequence[float]] = None
    validate: Optional[str] = None
    validate_run: Optional[str] = None
    knn: Optional[str] = None

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
        if self.validate_run and not self.validate:
            raise wrong("ARGUMENT_INVALID", "validate, the split of validate_run", "none", 'Set validate, to "val" say')

    def training(self, rank: int, world_size: int) -> Loader:
        """The batches of the run."""
        return Loader(self.target, run=self.run, rank=rank, world_size=world_size, **self.arguments)

    def evaluation(self, run: Optional[str], split: Optional[str], rank: int = 0, world_size: int = 1) -> Loader:
        """The images of a run's split as evaluation has them; as uint8, whatever training streams."""
        arguments = {name: value for name, value in self.arguments.items() if name not in ("data_type", "fingerprint")}
        ranks = {"rank": rank, "world_size": world_size}
        return Loader(self.target, run=run, split=split, evaluate=True, epoch=0, **ranks, **arguments)

    @property
    def normalisation(self) -> Optional[Normalisation]:
        """`mean` and `std`; None where they are not set."""
        return None if self.mean is None or self.std is None else Normalisation(tuple(self.mean), tuple(self.std))


class TributaryTrainer:
    """A mixin for an Ultralytics trainer, before the trainer's class. Training batches come from Tributary, and validation's
    where the settings say so; otherwise validation is as it was. What the run decides (batch size, epochs, image size,
    classes, normalisation) must be what the trainer says: ARGUMENT_INVALID before the first batch where it is not.
    """

    tributary: Settings

    def __init__(self, *args: Any, **kwargs: Any):
        """As the trainer is made."""
        with self._dataset():
            super().__init__(*args, **kwargs)

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Trains, as the trainer does."""
        self._check_importable()
        return super().train(*args, **kwargs)  # type: ignore[misc]

    def final_eval(self) -> None:
        """Evaluates the best weights, as the trainer does."""
        with self._dataset():
            super().final_eval()  # type: ignore[misc]

    def get_dataloader(self, dataset_path: Any, batch_size: int = 16, rank: int = 0, mode: str = "train") -> Any:
        """The loader of a mode; `batch_size` is one rank's, as Ultralytics has it. May be called again."""
        if mode == "train":
            return self._train_loader(batch_size)
        if self.tributary.validate:
            return self._evaluation_loader(batch_size, rank)
        return super().get_dataloader(dataset_path, batch_size=batch_size, rank=rank, mode=mode)  # type: ignore[misc]

    def run_callbacks(self, event: str) -> None:
        """Runs an event's callbacks: after what Tributary does at it, which a model's callbacks need not know of."""
        loader = self.__dict__.get("_tributary_loader")
        if loader is not None:
            if event == "on_pretrain_routine_end":
                loader.agree()
            elif event == "on_train_start":
                self._provide_knn()
            elif event == "on_train_epoch_start":
                loader.begin_epoch(self.epoch)  # type: ignore[attr-defined]
            elif event == "teardown":
                loader.loader.close()
        super().run_callbacks(event)  # type: ignore[misc]

    def _train_loader(self, batch_size: int) -> TrainLoader:
        settings = self.tributary
        rank, world_size = rank_and_world_size()
        loader = settings.training(rank, world_size)
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

    def _evaluation_loader(self, batch_size: int, rank: int) -> EvaluationLoader:
        settings = self.tributary
        # Ultralytics says -1 where one rank validates for all.
        share = (0, 1) if rank == -1 else rank_and_world_size()
        loader = settings.evaluation(settings.validate_run or settings.run, settings.validate, *share)
        agreement.check_classes(self, loader.describe())
        transform = validation.transform_of(self)
        validation.attach(self, transform)
        classes = None if agreement.is_distillation(self) else len(self.data["names"])  # type: ignore[attr-defined]
        return self._evaluated(loader, transform, settings.normalisation, batch_size, classes)

    def _provide_knn(self) -> None:
        run = self.tributary.knn
        if run is None or rank_and_world_size()[0] != 0:
            return
        state = getattr(self, "_knn_state", None)
        if state is None:
            found = type(self).__name__
            raise wrong("ARGUMENT_INVALID", "a trainer that evaluates by k-NN", found, "Leave knn out of Settings")
        transform = validation.classify_transform(self, _KNN_SIZE)
        train, val = self.tributary.evaluation(run, None), self.tributary.evaluation(run, "val")
        classes = agreement.classes_of(train.describe())
        for name, loader in (("train_loader", train), ("val_loader", val)):
            size = loader.describe().global_batch
            state[name] = self._evaluated(loader, transform, None, size, len(classes))
        state.update(path=run, num_classes=len(classes))

    def _evaluated(
        self, loader: Loader, transform: Any, setting: Optional[Normalisation], batch_size: int, classes: Optional[int]
    ) -> EvaluationLoader:
        run = loader.describe()
        validation.check_transform(transform, run)
        how = normalisation.chosen(normalisation.of_transform(transform), setting, run, "uint8")
        return EvaluationLoader(loader, transform, how, self.device, batch_size, classes)  # type: ignore[attr-defined]

    def _dataset(self) -> ContextManager[None]:
        return validation.in_place_of_a_folder(self, self._data) if self.tributary.validate else contextlib.nullcontext()

    def _data(self) -> Dict[str, Any]:
        with self.tributary.training(0, 1) as loader:
            run = loader.describe()
        return validation.dataset_of(run, agreement.classes_of(run))

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

    def __iter__(self) -> Iterator[TrainerBatch]:
        how = self.agree()
        trainer = self._trainer()
        # Without distributed training, nobody calls set_epoch.
        self.begin_epoch(trainer.epoch)
        labelled = not agreement.is_distillation(trainer)
        for batch in self.loader:
            without = [sample.source for sample in batch.samples if sample.label is None] if labelled else []
            if without:
                raise agreement.unlabelled(without)
            yield trainer_batch(batch, how, trainer.device)

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
