"""The seed of a batch: as its definition has it, and as a trainer uses it."""

from __future__ import annotations

import importlib.util
import random
import unittest
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.fleet import FleetTest
from tributary import TributaryError


def _restated() -> Any:
    """The definition, written again in Python beside the tests of the plan."""
    path = Path(__file__).resolve().parents[2] / "test" / "plan" / "restate.py"
    spec = importlib.util.spec_from_file_location("restate", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


restate = _restated()


class SeedsTest(FleetTest):
    def test_vectors(self) -> None:
        # test/plan/hash.test.ts has the same numbers.
        asked = ((0, 0, 0, 0), (0, 0, 0, 1), (42, 3, 1000, 12), (2**53 - 1, 1, 2**40, 0))
        found = [restate.batch_seed(*identity) for identity in asked]
        self.assertEqual(found, [1146314743, 1066922614, 1086336122, 4257785481])

    def test_a_batch_brings_it_and_generators_take_it(self) -> None:
        replica = self.replica("--steps", 3)
        for batch in self.loader(replica, epoch=2, rank=1, world_size=2):
            self.assertEqual(batch.seed, 2000 + 10 * batch.address.step + 1)
        for seed in (0, 2**32 - 1):
            torch.Generator().manual_seed(seed)
            np.random.default_rng(seed)
            np.random.RandomState(seed)
            random.Random(seed)

    def test_a_replica_of_before_is_named(self) -> None:
        for receivers in (0, 1):
            batch = self.loader(self.replica("--steps", 1, "--no-seed"), receivers=receivers).fetch(0, 0)
            with self.assertRaises(TributaryError) as raised:
                batch.seed  # noqa: B018
            self.assertEqual(raised.exception.reason, "INTERNAL")
            self.assertIn("older version", raised.exception.message)


if __name__ == "__main__":
    unittest.main()
