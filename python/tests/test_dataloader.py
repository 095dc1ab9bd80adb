"""What training frameworks put around a loader, without these frameworks."""

from __future__ import annotations

import gc
import logging
import unittest
import weakref
from typing import Any, Iterator, List
from unittest import mock

import torch

from tests.fleet import FleetTest, run_python
from tributary import Loader, TributaryError, epochs
from tributary.dataloader import DataLoader, Sampler

STEPS = 5

# A framework that asks for its loader anew in every epoch.
RELOADED = """
import sys, torch, tributary
for epoch in range(2):
    loader = tributary.Loader(sys.argv[1], run="synthetic", patience=20)
    data = torch.utils.data.DataLoader(loader, batch_size=None, num_workers=int(sys.argv[2])) if sys.argv[2] else loader
    if sys.argv[3] == "named":
        getattr(data, "sampler").set_epoch(epoch)
    print([batch.address[:2] for batch in data][0])
    loader.close()
"""


class EpochTest(FleetTest):
    def setUp(self) -> None:
        """What other tests have streamed in this process is not remembered."""
        super().setUp()
        gc.collect()
        for name, empty in (("_begun", set()), ("_all", weakref.WeakSet())):
            patch = mock.patch.object(epochs, name, empty)
            patch.start()
            self.addCleanup(patch.stop)

    def test_a_sampler_hears_the_epoch(self) -> None:
        replica = self.replica("--steps", STEPS)
        with self.loader(replica) as loader:
            for data in (loader, loader.dataloader()):
                with self.subTest(type(data)):
                    for epoch in (2, 2, 0):
                        data.sampler.set_epoch(epoch)
                        self.assert_steps(list(data), range(STEPS), epoch=epoch)

    def test_an_epoch_that_another_loader_has_begun_is_warned_of_unless_it_was_named(self) -> None:
        replica = self.replica("--steps", STEPS)
        for workers in ("", "2"):
            with self.subTest(workers=workers):
                silent = run_python("-c", RELOADED, replica.address, workers, "unnamed")
                self.assertEqual(silent.stdout, "(0, 0)\n(0, 0)\n")
                self.assertRegex(silent.stderr, r"^Epoch 0 of run synthetic is streamed again: [^\n]*set_epoch[^\n]*\n$")
        named = run_python("-c", RELOADED, replica.address, "", "named")
        self.assertEqual((named.stdout, named.stderr), ("(0, 0)\n(1, 0)\n", ""))

    def test_an_evaluation_begins_no_epoch_of_training(self) -> None:
        replica = self.replica("--steps", STEPS)
        with self.assertNoLogs("tributary", logging.WARNING):
            for view in ({"evaluate": True}, {}):
                with self.loader(replica, epoch=None, rank=1, world_size=2, **view) as loader:
                    list(loader)

    def test_one_loader_and_loaders_that_were_told_are_not_warned_of(self) -> None:
        replica = self.replica("--steps", STEPS)
        with self.assertNoLogs("tributary", logging.WARNING):
            with self.loader(replica, epoch=None, rank=0, world_size=1) as loader:
                for _ in range(3):
                    list(loader)
            with self.loader(replica, rank=0, world_size=1, epoch=0) as loader:
                list(loader)
            with self.loader(replica, epoch=None, rank=0, world_size=1) as loader:
                loader.set_epoch(0)
                list(loader)
            # Evaluations are the same in every epoch, and are made anew for each.
            for view in ({"split": "val"}, {"evaluate": True}, {"evaluate": True}, {"split": "val"}):
                with self.loader(replica, epoch=None, rank=0, world_size=1, **view) as loader:
                    list(loader)


class CollationTest(FleetTest):
    def test_a_dataloader_that_would_collate_is_told_what_to_pass(self) -> None:
        replica = self.replica("--steps", STEPS)
        for batch_format in ("batch", "tuple"):
            for arguments in ({}, {"batch_size": 4}, {"num_workers": 1}, {"collate_fn": list}):
                with self.subTest(batch_format, **arguments), self.loader(replica, batch_format=batch_format) as loader:
                    with self.assertRaises(TributaryError) as raised:
                        list(torch.utils.data.DataLoader(loader, **arguments))
                    self.assertEqual(raised.exception.reason, "ARGUMENT_INVALID")
                    self.assertIn("batch_size=None", raised.exception.message)

    def test_a_dataloader_of_whole_batches_goes_on(self) -> None:
        with self.loader(self.replica("--steps", STEPS)) as loader:
            self.assert_steps(list(torch.utils.data.DataLoader(loader, batch_size=None)), range(STEPS))


class DataLoaderTest(FleetTest):
    def test_it_is_one_in_kind_and_the_loader_in_all_else(self) -> None:
        replica = self.replica("--steps", STEPS)
        with self.loader(replica) as loader:
            data = loader.dataloader()
            self.assertIsInstance(data, torch.utils.data.DataLoader)
            self.assertEqual((len(data), data.batch_size, data.num_workers), (STEPS, None, 0))
            seen: List[Any] = []
            for batch in data:
                seen.append(batch)
                self.assertEqual(data.end_of_dataloader, batch.address.step == STEPS - 1)
                if len(seen) == 2:
                    break
            state = data.state_dict()
        with self.loader(replica) as loader:
            data = loader.dataloader()
            data.load_state_dict(state)
            self.assert_steps([*seen, *data], range(STEPS))
            data.set_epoch(3)
            self.assert_steps(list(data), range(STEPS), epoch=3)

    def test_a_sampler_gives_torch_what_it_asks_of_an_iterables(self) -> None:
        numbers: Iterator[None] = iter(Sampler(Loader("loader:1", run="r")))
        self.assertEqual([next(numbers), next(numbers)], [None, None])
        data = DataLoader(Loader("loader:1", run="r"))
        self.assertIs(type(data.sampler), Sampler)


if __name__ == "__main__":
    unittest.main()
