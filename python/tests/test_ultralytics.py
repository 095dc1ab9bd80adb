"""The mixin under a stand-in of the trainer's documented interface: the package itself is not installed here."""

from __future__ import annotations

import os
import unittest
from typing import Any, Callable, Dict, List
from unittest import mock

import torch

from tests.fleet import FleetTest
from tributary import TributaryError, normalize
from tributary.ultralytics import Settings, TributaryTrainer


class StandIn:
    """A trainer as engine/trainer.py has it: callbacks, then the epoch set under DDP only, then the batches."""

    def __init__(self, batch: int, epochs: int, world_size: int = 1):
        self.callbacks: Dict[str, List[Callable[[Any], None]]] = {}
        self.batch_size, self.epochs, self.world_size = batch, epochs, world_size
        self.device = torch.device("cpu")
        self.epoch = 0
        weights = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
        groups = [{"params": weights[:1], "weight_decay": 0.04}, {"params": weights[1:], "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups)
        self.seen: List[Any] = []

    def add_callback(self, event: str, callback: Callable[[Any], None]) -> None:
        self.callbacks.setdefault(event, []).append(callback)

    def get_dataloader(self, dataset_path: Any, batch_size: int = 16, rank: int = 0, mode: str = "train") -> Any:
        return f"{mode} of {dataset_path}"

    def train(self, rank: int = -1) -> None:
        loader = self.get_dataloader("data", batch_size=self.batch_size // self.world_size, rank=rank, mode="train")
        self.test_loader = self.get_dataloader("data", batch_size=self.batch_size, rank=-1, mode="val")
        assert loader.num_workers == 0 and len(loader.dataset) == len(loader) * self.batch_size
        for epoch in range(self.epochs):
            self.epoch = epoch
            for callback in self.callbacks["on_train_epoch_start"]:
                callback(self)
            if rank != -1:
                loader.sampler.set_epoch(epoch)
            if epoch == 2:
                loader.reset()
            decay = [g["weight_decay"] for g in self.optimizer.param_groups]
            for i, batch in enumerate(loader):
                self.seen.append((epoch, i, decay, batch))
            assert i + 1 == len(loader)


class UltralyticsTest(FleetTest):
    def trainer(self, replica: Any, **arguments: Any) -> Any:
        settings = Settings(replica.address, "synthetic", schedule=replica.address, arguments={"patience": 10})

        class Trainer(TributaryTrainer, StandIn):
            tributary = settings

        return Trainer(**arguments)

    def test_epochs_keys_and_weight_decay(self) -> None:
        replica = self.replica("--steps", 3)
        trainer = self.trainer(replica, batch=8, epochs=3)
        trainer.train()
        self.assertEqual([(e, i) for e, i, _, _ in trainer.seen], [(e, i) for e in range(3) for i in range(3)])
        self.assertEqual([d for _, i, d, _ in trainer.seen if i == 0], [[0.04, 0.0], [0.08, 0.0], [0.12, 0.0]])
        self.assertEqual(trainer.test_loader, "val of data")
        for epoch, i, _, batch in trainer.seen:
            expected = self.loader(replica).fetch(epoch, i)
            self.assertTrue(torch.equal(batch["img"], normalize(expected)))
            self.assertTrue(torch.equal(batch["cls"], expected.labels))
            self.assertEqual(batch["im_file"][1], f"made/{i}-1.jpg")

    def test_every_rank_on_its_own(self) -> None:
        replica = self.replica("--steps", 2)
        for rank in range(2):
            with mock.patch.dict(os.environ, RANK=str(rank), WORLD_SIZE="2"):
                trainer = self.trainer(replica, batch=8, epochs=2, world_size=2)
                trainer.train(rank)
            self.assertEqual([len(b["img"]) for *_, b in trainer.seen], [4] * 4)
            self.assertEqual(trainer.seen[0][3]["im_file"][0], f"made/0-{4 * rank}.jpg")
            self.assertEqual(trainer.optimizer.param_groups[0]["weight_decay"], 0.08)

    def test_made_again_and_with_another_batch_size(self) -> None:
        trainer = self.trainer(self.replica("--steps", 2), batch=8, epochs=1)
        trainer.train()
        trainer.train()
        self.assertEqual(len(trainer.callbacks["on_train_epoch_start"]), 1)
        self.assertEqual(len(trainer.seen), 4)
        with self.assertRaisesRegex(TributaryError, "batch=8"):
            trainer.get_dataloader("data", batch_size=4, mode="train")


if __name__ == "__main__":
    unittest.main()
