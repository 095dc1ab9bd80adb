"""What is copied ahead: order, errors and places. The copies themselves need CUDA; here the CPU stands in for it."""

from __future__ import annotations

import unittest
from typing import Any, Callable, List, Tuple
from unittest.mock import patch

import torch

from tests.fleet import FleetTest
from tributary import Batch, TributaryError
from tributary.copies import copies_to

STEPS = 6


class CopiesTest(FleetTest):
    def setUp(self) -> None:
        super().setUp()
        self.happened: List[Tuple[str, int]] = []

        def copies(_: Any) -> Callable[[Batch], Callable[[], Batch]]:
            def begin(batch: Batch) -> Callable[[], Batch]:
                self.happened.append(("begin", batch.address.step))

                def end() -> Batch:
                    self.happened.append(("end", batch.address.step))
                    return batch

                return end

            return begin

        # The loader believes that there is a device, and copies with the above.
        for name, value in (("copies_to", copies), ("_kind_of", lambda _: "cuda")):
            patched = patch(f"tributary.loader.{name}", value)
            patched.start()
            self.addCleanup(patched.stop)

    def test_every_batch_in_order_with_its_state_and_the_next_begun_where_it_is_there(self) -> None:
        replica = self.replica("--steps", STEPS)
        for receivers in (0, 1):
            with self.subTest(receivers=receivers), self.loader(replica, device="cuda", receivers=receivers) as loader:
                self.happened.clear()
                batches: List[Batch] = []
                for batch in loader:
                    batches.append(batch)
                    self.assertEqual(loader.state_dict(), batch.state_dict())
                    if batch.address.step == 2:
                        # By now the rest has arrived, or does so while the trainer works.
                        self.wait_until_ready(loader)
                self.assert_steps(batches, range(STEPS))
                for kind in ("begin", "end"):
                    self.assertEqual([step for what, step in self.happened if what == kind], list(range(STEPS)))
                # What was ready after step 2 was begun with step 3, before that was ended by the trainer's next call.
                self.assertLess(self.happened.index(("begin", 4)), self.happened.index(("end", 4)))
                self.assertLess(self.happened.index(("end", 3)), self.happened.index(("begin", 4)))

    def wait_until_ready(self, loader: Any) -> None:
        (iterator,) = list(loader._streams)
        ahead = iterator._lanes
        while ahead._next is None and not ahead._lanes.is_ready():
            pass

    def test_an_error_comes_in_its_turn(self) -> None:
        replica = self.replica("--steps", STEPS, "--corrupt-sample", "3")
        with self.loader(replica, device="cuda", lanes=1) as loader:
            taken: List[Batch] = []
            with self.assertRaises(TributaryError) as raised:
                for batch in loader:
                    taken.append(batch)
                    self.assertEqual(loader.state_dict()["step"], len(taken))
            self.assertEqual(raised.exception.reason, "SAMPLE_CORRUPT")
            self.assert_steps(taken, range(3))


@unittest.skipUnless(torch.cuda.is_available(), "there is no CUDA device")
class CudaTest(FleetTest):
    def test_bytes_are_those_of_the_host(self) -> None:
        replica = self.replica("--steps", STEPS)
        for pin_memory in (False, True):
            with self.loader(replica, device="cuda", pin_memory=pin_memory) as loader:
                for batch in loader:
                    self.assertTrue(batch.images.is_cuda)
                    # The device is busy, so that copies and memory that is used again could meet.
                    torch.cuda._sleep(50_000_000)
                    expected = loader.fetch(0, batch.address.step).images
                    self.assertTrue(torch.equal(batch.images, expected))
        self.assertTrue(callable(copies_to("cuda")))


if __name__ == "__main__":
    unittest.main()
