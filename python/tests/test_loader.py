"""What a loader yields, and where it stands."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import threading
import unittest

import torch

from tests.fleet import FleetTest
from tributary import Loader, Schedule, TributaryError


class LoaderTest(FleetTest):
    def test_an_epoch_in_order_writable_and_contiguous(self) -> None:
        loader = self.loader(self.replica())
        self.assertEqual(len(loader), 12)
        batches = list(loader)
        self.assert_steps(batches, range(12))
        first = batches[0]
        self.assertTrue(first.images.is_contiguous())
        first.images[0] = 0
        self.assertEqual(first.images.dtype, torch.uint8)
        self.assertEqual(first.labels.tolist(), [-1, 1, 2, -1, 1, 2, -1, 1])
        self.assertEqual((first.samples[1].key, first.samples[1].seed, first.samples[1].status), ("0-1.jpg", 1, "ok"))
        self.assertEqual(first.samples[1].erase, (1, 2, 3, 4))
        self.assertIsNone(first.samples[0].erase)
        self.assertEqual(first.cursor, "0:1")

    def test_ranks_share_each_step(self) -> None:
        replica = self.replica()
        for rank in range(4):
            loader = self.loader(replica, rank=rank, world_size=4)
            self.assert_steps(list(loader), range(12), rank=rank, world_size=4)

    def test_types_and_layouts(self) -> None:
        replica = self.replica()
        plain = next(iter(self.loader(replica))).images
        floats = next(iter(self.loader(replica, data_type="float32", layout="nchw"))).images
        self.assertTrue(torch.equal(floats, plain.permute(0, 3, 1, 2).float() / 255))
        half = next(iter(self.loader(replica, data_type="bfloat16"))).images
        self.assertTrue(torch.equal(half, plain.to(torch.bfloat16)))

    def test_a_state_from_every_step_gives_the_tail(self) -> None:
        loader = self.loader(self.replica("--steps", 6))
        whole = list(loader)
        for stop in range(7):
            loader.set_epoch(1)
            loader.set_epoch(0)
            iterator = iter(loader)
            for _ in range(stop):
                next(iterator)
            state = json.loads(json.dumps(loader.state_dict()))
            iterator.close()
            other = copy.deepcopy(loader)
            other.load_state_dict(state)
            self.assertEqual(other.state_dict(), state)
            tail = list(other)
            if stop == 6:
                self.assert_steps(tail, range(6), epoch=1)
                continue
            self.assert_steps(tail, range(stop, 6))
            self.assertEqual([b.cursor for b in tail], [b.cursor for b in whole[stop:]])

    def test_a_state_twice_in_one_epoch(self) -> None:
        loader = self.loader(self.replica())
        for first in (0, 3, 7, 8):
            iterator = iter(loader)
            self.assert_steps([next(iterator)], [first])
            count = {0: 2, 3: 3, 7: 0, 8: 3}[first]
            for _ in range(count):
                next(iterator)
            state = loader.state_dict()
            iterator.close()
            loader = self.loader(self.replica())
            loader.load_state_dict(state)
        self.assert_steps(list(loader), range(12), epoch=1)

    def test_the_state_at_the_end_of_an_epoch(self) -> None:
        loader = self.loader(self.replica("--steps", 3))
        iterator = iter(loader)
        for _ in range(3):
            next(iterator)
        inside = loader.state_dict()
        self.assertEqual((inside["epoch"], inside["step"]), (0, 3))
        self.assertEqual(list(iterator), [])
        after = loader.state_dict()
        self.assertEqual((after["epoch"], after["step"]), (1, 0))
        loader.load_state_dict(inside)
        loader.set_epoch(0)
        self.assertEqual(list(loader), [])
        loader.set_epoch(1)
        self.assert_steps(list(loader), range(3), epoch=1)
        loader.load_state_dict(after)
        self.assertEqual(loader.epoch, 1)
        self.assert_steps(list(loader), range(3), epoch=1)

    def test_a_state_for_another_world_size(self) -> None:
        replica = self.replica()
        loader = self.loader(replica, rank=1, world_size=2)
        iterator = iter(loader)
        next(iterator), next(iterator)
        state = loader.state_dict()
        loader.close()
        other = self.loader(replica, rank=3, world_size=4)
        other.load_state_dict(state)
        self.assert_steps(list(other), range(2, 12), rank=3, world_size=4)

    def test_set_epoch_begins_anew_and_keeps_a_loaded_step_of_its_own_epoch(self) -> None:
        loader = self.loader(self.replica("--steps", 4))
        loader.load_state_dict({"version": 1, "run": "synthetic", "epoch": 2, "step": 3, "cursor": ""})
        for epoch, steps in ((2, [3]), (3, range(4))):
            loader.set_epoch(epoch)
            self.assert_steps(list(loader), steps, epoch=epoch)

    def test_a_state_of_another_run_is_refused_with_both_fingerprints(self) -> None:
        replica = self.replica()
        loader = self.loader(replica)
        state = {"version": 1, "run": "synthetic", "fingerprint": "f0", "epoch": 0, "step": 1, "cursor": ""}
        loader.load_state_dict(state)
        with self.assertRaises(TributaryError) as raised:
            next(iter(loader))
        self.assertEqual(raised.exception.reason, "FINGERPRINT_MISMATCH")
        self.assertIn("f0", str(raised.exception))
        self.assertIn("f1", str(raised.exception))
        known = self.loader(replica)
        len(known)
        with self.assertRaisesRegex(TributaryError, "FINGERPRINT_MISMATCH"):
            known.load_state_dict(state)
        with self.assertRaisesRegex(TributaryError, "CURSOR_INVALID"):
            known.load_state_dict({"epoch": 1})

    def test_any_batch_alone(self) -> None:
        loader = self.loader(self.replica())
        iterator = iter(loader)
        next(iterator)
        self.assert_steps([loader.fetch(3, 7)], [7], epoch=3)
        self.assert_steps([next(iterator)], [1])

    def test_server_errors_are_typed(self) -> None:
        replica = self.replica("--corrupt-sample", "4")
        loader = self.loader(replica)
        batches = []
        with self.assertRaises(TributaryError) as raised:
            for batch in loader:
                batches.append(batch)
        self.assert_steps(batches, range(4))
        error = raised.exception
        self.assertEqual((error.reason, error.code, error.metadata), ("SAMPLE_CORRUPT", "DATA_LOSS", {"key": "x.jpg"}))
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((again.reason, again.metadata, str(again)), (error.reason, error.metadata, str(error)))
        loader.load_state_dict({**loader.state_dict(), "step": 5})
        self.assert_steps(list(loader), range(5, 12))
        with self.assertRaisesRegex(TributaryError, "WORLD_SIZE_INVALID"):
            list(self.loader(replica, rank=0, world_size=3))
        with self.assertRaisesRegex(TributaryError, "UNKNOWN_RUN"):
            len(Loader(replica.address, run="synthetik"))
        loader.set_epoch(5)
        with self.assertRaisesRegex(TributaryError, "STEP_OUT_OF_RANGE"):
            list(loader)

    def test_arguments_are_checked_at_once(self) -> None:
        for arguments in (
            {"target": "loader"},
            {"target": "loader:port"},
            {"run": None},
            {"inline_run": "recipe: dinov3"},
            {"data_type": "int8"},
            {"layout": "chw"},
            {"prefetch": -1},
            {"receivers": -1},
            {"lanes": -1},
            {"lease": 0},
            {"epoch": -1},
            {"rank": 2, "world_size": 2},
            {"rank": 0},
        ):
            with self.subTest(arguments), self.assertRaises(TributaryError) as raised:
                Loader(**{"target": "loader:1", "run": "r", **arguments})
            self.assertRegex(str(raised.exception), r"^[A-Z_]+: expected .*, but got .*\. .*\.$")

    def test_no_thread_is_left_by_break_exception_drop_or_end(self) -> None:
        replica = self.replica()

        def names() -> list:
            return [t.name for t in threading.enumerate() if t.name.startswith("tributary")]

        loader = self.loader(replica, receivers=0)
        for _ in loader:
            self.assertNotEqual(names(), [])
            break
        gc.collect()
        self.assertEqual(names(), [])
        try:
            for _ in loader:
                raise RuntimeError
        except RuntimeError:
            pass
        gc.collect()
        self.assertEqual(names(), [])
        iterator = iter(loader)
        next(iterator)
        loader.close()
        self.assertEqual(names(), [])
        self.assertEqual(list(iterator), [])
        list(loader)
        self.assertEqual(names(), [])

    def test_what_is_held_ahead_is_bounded(self) -> None:
        replica = self.replica("--steps", 100)
        iterator = iter(self.loader(replica, prefetch=3, lanes=2, receivers=0))
        lanes = iterator._lanes = iterator._begin()
        for _ in range(5):
            next(iterator)
            with lanes._changed:
                self.assertTrue(lanes._changed.wait_for(lambda: len(lanes._ready) == 3, timeout=10))
                self.assertFalse(lanes._changed.wait_for(lambda: len(lanes._ready) > 3, timeout=0.3))
        iterator.close()

    def test_schedule(self) -> None:
        replica = self.replica()
        schedule = Schedule(replica.address, run="synthetic", patience=5)
        self.assertEqual(len(schedule), 5)
        self.assertEqual(schedule.weight_decay(1), 0.08)
        replica.end()
        self.assertEqual(schedule.learning_rate_factor(2), 1 - 0.2 * 2)
        weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
        optimizer = torch.optim.AdamW(
            [{"params": weights[:1]}, {"params": weights[1:], "weight_decay": 0.0}], weight_decay=0.04
        )
        self.assertEqual(schedule.apply(optimizer, 4), 0.2)
        self.assertEqual([g["weight_decay"] for g in optimizer.param_groups], [0.2, 0.0])
        with self.assertRaisesRegex(TributaryError, "EPOCH_OUT_OF_RANGE"):
            schedule.weight_decay(5)

    def test_schedule_and_loader_of_different_runs(self) -> None:
        one, other = self.replica(), self.replica("--fingerprint", "f2")
        Schedule(one.address, run="synthetic").check_loader(self.loader(one))
        with self.assertRaisesRegex(TributaryError, "FINGERPRINT_MISMATCH.*f1.*f2"):
            Schedule(other.address, run="synthetic").check_loader(self.loader(one))


if __name__ == "__main__":
    unittest.main()
