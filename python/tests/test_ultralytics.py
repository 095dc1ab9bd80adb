"""The mixin under a stand-in of the trainer's documented interface; test_ultralytics_package.py has the package itself."""

from __future__ import annotations

import os
import time
import unittest
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Callable, Dict, List
from unittest import mock

import torch
from torchvision import transforms

from tests.fleet import FleetTest
from tests.pixels import SIZE
from tributary import Schedule, TributaryError, normalize
from tributary.run import Resolution
from tributary.ultralytics import Settings, TributaryTrainer
from tributary.ultralytics_agreement import check_image_size

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
ZERO_ONE = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def validation(how: Any = ZERO_ONE) -> Any:
    """A validation loader, as far as its data set's transform."""
    normalise = [transforms.Normalize(mean=torch.tensor(how[0]), std=torch.tensor(how[1]))] if how else []
    transform = transforms.Compose([transforms.CenterCrop(SIZE), transforms.ToTensor(), *normalise])
    return SimpleNamespace(dataset=SimpleNamespace(torch_transforms=transform))


class StandIn:
    """A trainer as engine/trainer.py has it: both loaders, the end of the set-up, then callbacks, epoch and batches."""

    test = validation()

    def __init__(self, batch: int = 8, epochs: int = 5, _callbacks: Any = None, **more: Any):
        self.callbacks: Dict[str, List[Callable[[Any], None]]] = {} if _callbacks is None else _callbacks
        self.batch_size, self.epochs, self.world_size = batch, epochs, 1
        arguments = {"imgsz": SIZE, "weight_decay": 0.04, "time": None, "device": "", **more}
        self.args = SimpleNamespace(**arguments)
        self.data = {"names": {0: "a", 1: "b"}}
        self.device = torch.device("cpu")
        self.epoch = 0
        weights = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
        groups = [{"params": weights[:1], "weight_decay": 0.04}, {"params": weights[1:], "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups)
        self.seen: List[Any] = []

    def get_dataloader(self, dataset_path: Any, batch_size: int = 16, rank: int = 0, mode: str = "train") -> Any:
        return self.test

    def add_callback(self, event: str, callback: Callable[[Any], None]) -> None:
        self.callbacks.setdefault(event, []).append(callback)

    def run_callbacks(self, event: str) -> None:
        for callback in self.callbacks.get(event, []):
            callback(self)

    def preprocess_batch(self, batch: Any) -> Any:
        batch["img"] = batch["img"].to(self.device)
        return batch

    def train(self, rank: int = -1) -> None:
        share = self.batch_size // self.world_size
        self.train_loader = loader = self.get_dataloader("data", batch_size=share, rank=rank, mode="train")
        if rank in (-1, 0):
            self.test_loader = self.get_dataloader("data", batch_size=self.batch_size, rank=-1, mode="val")
        self.run_callbacks("on_pretrain_routine_end")
        assert loader.num_workers == 0 and len(loader.dataset) == len(loader) * self.batch_size
        for epoch in range(self.epochs):
            self.epoch = epoch
            self.run_callbacks("on_train_epoch_start")
            if rank != -1:
                loader.sampler.set_epoch(epoch)
            if epoch == 2:
                loader.reset()
            decay = [g["weight_decay"] for g in self.optimizer.param_groups]
            for i, batch in enumerate(loader):
                self.seen.append((epoch, i, decay, self.preprocess_batch(batch)))
            assert i + 1 == len(loader)
        self.run_callbacks("teardown")


class Distilling(StandIn):
    """A trainer as the distillation branch has it: a batch is a tensor, and teachers say how large images are."""

    test = SimpleNamespace(dataset=object())
    _load_imgsz = SIZE

    def __init__(self, **arguments: Any):
        super().__init__(**arguments)
        self.teacher_models: Dict[str, Any] = {}
        self.data = {"names": {i: str(i) for i in range(1000)}}

    def _build_transforms(self, mode: str) -> Any:
        return validation(IMAGENET).dataset.torch_transforms

    def preprocess_batch(self, batch: Any) -> Any:
        return {"img": batch.to(self.device, non_blocking=True)}


class UltralyticsTest(FleetTest):
    def trainer(self, replica: Any, base: Any = StandIn, schedule: Any = None, settings: Any = None, **arguments: Any) -> Any:
        where = {"arguments": {"patience": 10}, **(settings or {})}

        class Trainer(TributaryTrainer, base):
            tributary = Settings(replica.address, "synthetic", schedule=schedule or replica.address, **where)

        return Trainer(**arguments)

    def refused(self, trainer: Any, *words: str) -> None:
        with self.assertRaises(TributaryError) as raised:
            trainer.train()
        self.assertEqual(raised.exception.reason, "ARGUMENT_INVALID")
        for word in words:
            self.assertIn(word, str(raised.exception))
        self.assertEqual(trainer.seen, [])

    def test_epochs_keys_and_weight_decay(self) -> None:
        replica = self.replica("--steps", 3, "--labelled")
        trainer = self.trainer(replica)
        trainer.train()
        self.assertEqual([(e, i) for e, i, _, _ in trainer.seen], [(e, i) for e in range(5) for i in range(3)])
        decays = [[round(value, 9) for value in d] for _, i, d, _ in trainer.seen if i == 0]
        self.assertEqual(decays, [[0.04, 0.0], [0.08, 0.0], [0.12, 0.0], [0.16, 0.0], [0.2, 0.0]])
        self.assertIs(trainer.test_loader, StandIn.test)
        for epoch, i, _, batch in trainer.seen:
            expected = self.loader(replica).fetch(epoch, i)
            self.assertTrue(torch.equal(batch["img"], normalize(expected, mean=ZERO_ONE[0], std=ZERO_ONE[1])))
            self.assertTrue(torch.equal(batch["cls"], expected.labels))
            self.assertEqual(batch["im_file"][1], f"made/{i}-1.jpg")

    def test_every_rank_on_its_own(self) -> None:
        replica = self.replica("--steps", 2, "--labelled")
        for rank in range(2):
            with mock.patch.dict(os.environ, RANK=str(rank), WORLD_SIZE="2"):
                # The second rank has no validation here and no process group to be told by the first one.
                settings = {"mean": ZERO_ONE[0], "std": ZERO_ONE[1]}
                trainer = self.trainer(replica, settings=settings)
                trainer.world_size = 2
                trainer.train(rank)
            self.assertEqual([len(b["img"]) for *_, b in trainer.seen], [4] * 10)
            self.assertEqual(trainer.seen[0][3]["im_file"][0], f"made/0-{4 * rank}.jpg")
            self.assertEqual(trainer.optimizer.param_groups[0]["weight_decay"], 0.2)

    def test_nothing_is_left_in_a_models_callbacks_which_come_after_the_weight_decay(self) -> None:
        seen: List[Any] = []
        callbacks = {"on_train_epoch_start": [lambda t: seen.append(t.optimizer.param_groups[0]["weight_decay"])]}
        trainer = self.trainer(self.replica("--steps", 1, "--labelled"), _callbacks=callbacks)
        trainer.train()
        trainer.train()
        self.assertEqual([round(value, 9) for value in seen], 2 * [0.04, 0.08, 0.12, 0.16, 0.2])
        self.assertEqual([len(listed) for listed in callbacks.values()], [1])
        stock = StandIn(_callbacks=callbacks)
        stock.run_callbacks("on_train_epoch_start")

    def test_the_normalisation_is_validations(self) -> None:
        replica = self.replica("--steps", 1, "--labelled")
        expected = self.loader(replica).fetch(0, 0)
        concatenated = SimpleNamespace(dataset=SimpleNamespace(datasets=[validation(IMAGENET).dataset]))
        for test, how in (
            (validation(ZERO_ONE), ZERO_ONE),
            (validation(IMAGENET), IMAGENET),
            (validation(None), ZERO_ONE),
            (concatenated, IMAGENET),
        ):
            trainer = self.trainer(replica)
            trainer.test = test
            trainer.train()
            wanted = normalize(expected, mean=how[0], std=how[1])
            self.assertTrue(torch.equal(trainer.seen[0][3]["img"], wanted))

    def test_the_normalisation_of_settings(self) -> None:
        replica = self.replica("--steps", 1, "--labelled")
        half = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
        trainer = self.trainer(replica, settings=half)
        self.refused(trainer, "mean (0, 0, 0) and std (1, 1, 1)", "mean (0.5, 0.5, 0.5)")
        trainer.test = SimpleNamespace(dataset=object())
        trainer.train()
        self.assertTrue(torch.equal(trainer.seen[0][3]["img"], normalize(self.loader(replica).fetch(0, 0), **half)))
        trainer = self.trainer(replica)
        trainer.test = SimpleNamespace(dataset=object())
        self.refused(trainer, "mean and std")
        with self.assertRaisesRegex(TributaryError, "mean and std together"):
            Settings(replica.address, "synthetic", mean=(0.0, 0.0, 0.0))
        with self.assertRaisesRegex(TributaryError, "but got rank, split"):
            Settings(replica.address, "synthetic", arguments={"rank": 0, "split": "val", "patience": 1})

    def test_what_trainer_and_run_disagree_on(self) -> None:
        replica = self.replica("--labelled")
        self.refused(self.trainer(replica, epochs=3), "the run's 5 epochs", "got 3", "epochs=5")
        self.refused(self.trainer(replica, time=2.0), "5 epochs", "2.0 hours")
        self.refused(self.trainer(replica, imgsz=96), f"{SIZE} pixels", "96, imgsz", f"imgsz={SIZE}")
        sizes = (Resolution(1, {"image": SIZE}), Resolution(1, {"image": 96}))
        run = replace(self.loader(replica).describe(), resolutions=sizes)
        with self.assertRaisesRegex(TributaryError, "images of one size, but got 2 resolutions"):
            check_image_size(self.trainer(replica), run)
        self.refused(self.trainer(replica, batch=4), "global batch of 8", "batch=8")
        self.refused(self.trainer(replica, weight_decay=0), "weight_decay=0")
        other = self.trainer(replica)
        other.data = {"names": ["b", "a"]}
        self.refused(other, "b, a", "a, b in the run", "label 0")

    def test_samples_without_a_class(self) -> None:
        replica = self.replica()
        self.refused(self.trainer(replica), "a class for every sample", "plain")
        trainer = self.trainer(replica)
        loader = trainer.get_dataloader("data", batch_size=8)
        known = replace(loader.loader.describe(), unlabelled=(), class_names=("a", "b"))
        with mock.patch.object(loader.loader, "describe", return_value=known):
            trainer.test_loader = StandIn.test
            self.assertRaisesRegex(TributaryError, "none for samples of made", next, iter(loader))

    def test_sources_without_one_list_of_classes(self) -> None:
        trainer = self.trainer(self.replica("--labelled"))
        loader = trainer.get_dataloader("data", batch_size=8)
        for named, joined, words in (
            ({"x": ("dog",), "y": ("Zebra",)}, (), "one list of classes"),
            ({"x": ("a", "b"), "y": ()}, ("a", "b"), "none for samples of y"),
            ({"x": ("b",), "y": ("a",)}, ("a", "b"), ""),
            ({"x": ("b",), "y": ("a",)}, ("a", "c"), "label 1"),
            # A replica of 0.1, which does not join labels.
            ({"x": ("a", "b"), "y": ("a", "b")}, (), ""),
        ):
            without = tuple(name for name, names in named.items() if not names)
            run = replace(loader.loader.describe(), source_class_names=named, class_names=joined, unlabelled=without)
            with mock.patch.object(loader.loader, "describe", return_value=run):
                loader._normalisation = None
                trainer.test_loader = StandIn.test
                if not words:
                    loader.agree()
                    continue
                with self.assertRaisesRegex(TributaryError, words):
                    loader.agree()

    def test_a_trainer_that_takes_batches_for_tensors(self) -> None:
        replica = self.replica("--steps", 1)
        for arguments in ({}, {"data_type": "float32"}, {"data_type": "bfloat16", "layout": "nchw"}):
            trainer = self.trainer(replica, Distilling, settings={"arguments": {"patience": 10, **arguments}})
            trainer.train()
            images = trainer.seen[0][3]["img"]
            self.assertEqual((images.dtype, tuple(images.shape)), (torch.float32, (8, 3, SIZE, SIZE)), arguments)
            streamed = self.loader(replica, **arguments).fetch(0, 0)
            self.assertTrue(torch.equal(images, normalize(streamed)), arguments)
        trainer = self.trainer(replica, Distilling)
        trainer._load_imgsz = 64
        self.refused(trainer, f"{SIZE} pixels", "64, the size that the trainer loads images at")
        self.refused(self.trainer(replica, Distilling, wd_end=0.3), "wd_end", "0.04 to 0.3")

    def test_images_that_replicas_normalise_otherwise(self) -> None:
        trainer = self.trainer(self.replica("--labelled"), settings={"arguments": {"data_type": "float32"}})
        self.refused(trainer, "mean (0, 0, 0)", "float32", "mean (0.485, 0.456, 0.406)")

    def test_one_line_of_what_is_ignored(self) -> None:
        replica = self.replica("--steps", 1, "--labelled")
        own = {"hsv_h": 0.5, "fliplr": 0.0, "auto_augment": None, "erasing": None, "scale": 0.5}
        own.update(fraction=0.1, cache="ram", seed=3, workers=8)
        with self.assertLogs("tributary", "WARNING") as logs:
            self.trainer(replica, **own).train()
        self.assertEqual(len(logs.output), 1)
        named = ("hsv_h 0.5 (the run's: 0)", "auto_augment none (the run's: randaugment)", "scale [0.5, 1]")
        for part in (*named, "fraction 0.1", "cache ram", "seed 3"):
            self.assertIn(part, logs.output[0])
        for name in ("fliplr", "erasing", "workers", "imgsz", "weight_decay"):
            self.assertNotIn(name, logs.output[0])

    def test_one_set_of_connection_arguments(self) -> None:
        replica = self.replica("--labelled")
        started = time.monotonic()
        short = {"arguments": {"patience": 1, "connect_timeout": 1}}
        trainer = self.trainer(replica, schedule="127.0.0.1:9", settings=short)
        with self.assertRaisesRegex(TributaryError, "NO_REPLICA"):
            trainer.train()
        self.assertLess(time.monotonic() - started, 30)
        own = Schedule(replica.address, run="synthetic", patience=7)
        trainer = self.trainer(replica, schedule=own, settings=short)
        self.assertIs(trainer.get_dataloader("data", batch_size=8)._schedule, own)

    def test_a_class_that_other_processes_cannot_import(self) -> None:
        trainer = self.trainer(self.replica(), device="0,1")
        type(trainer).__module__ = "__main__"
        self.refused(trainer, "Trainer in the script itself", "PYTHONPATH")

    def test_made_again(self) -> None:
        trainer = self.trainer(self.replica("--steps", 2, "--labelled"))
        first = trainer.get_dataloader("data", batch_size=8)
        trainer.train()
        self.assertIsNot(trainer.train_loader, first)
        self.assertEqual(len(trainer.seen), 10)


if __name__ == "__main__":
    unittest.main()
