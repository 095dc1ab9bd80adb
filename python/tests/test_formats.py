"""What a loader yields for loops that know nothing of a Batch."""

from __future__ import annotations

import unittest

import numpy as np
import torch

from tests.fleet import FleetTest
from tributary import Loader, TributaryError, normalize


class FormatsTest(FleetTest):
    def test_tuples_and_dicts_are_ready_for_a_model(self) -> None:
        replica = self.replica("--steps", 3)
        whole = list(self.loader(replica))
        tuples = list(self.loader(replica, batch_format="tuple"))
        dicts = list(self.loader(replica, batch_format="dict"))
        for batch, (images, labels), named in zip(whole, tuples, dicts):
            self.assertEqual((images.dtype, images.shape[1:]), (torch.float32, (3, *batch.images.shape[1:3])))
            self.assertTrue(torch.equal(images, normalize(batch)))
            self.assertTrue(torch.equal(labels, batch.labels))
            self.assertEqual(list(named), ["pixel_values", "labels"])
            self.assertTrue(torch.equal(named["pixel_values"], images))
            self.assertTrue(torch.equal(named["labels"], labels))

    def test_types_that_are_normalised_already_come_as_they_are_in_nchw(self) -> None:
        replica = self.replica("--steps", 2)
        for layout in ("nhwc", "nchw"):
            given = self.loader(replica, data_type="float32", layout=layout).fetch(0, 1).images
            loader = self.loader(replica, data_type="float32", layout=layout, batch_format="tuple")
            images, _ = list(loader)[1]
            self.assertTrue(torch.equal(images, given if layout == "nchw" else given.permute(0, 3, 1, 2)))
            self.assertTrue(images.is_contiguous())

    def test_a_state_and_fetch_are_those_of_batches(self) -> None:
        replica = self.replica("--steps", 3)
        loader = self.loader(replica, batch_format="tuple")
        next(iter(loader))
        self.assertEqual((loader.state_dict()["epoch"], loader.state_dict()["step"]), (0, 1))
        self.assertEqual(loader.fetch(0, 2).address.step, 2)

    def test_another_format_is_refused(self) -> None:
        with self.assertRaisesRegex(TributaryError, "batch, tuple, dict, but got 'list'"):
            Loader("loader:1", run="r", batch_format="list")


class ToTest(FleetTest):
    def test_a_batch_goes_to_a_device_and_type(self) -> None:
        batch = self.loader(self.replica("--steps", 1)).fetch(0, 0)
        for moved in (batch.to("cpu", torch.float16), batch.to(dtype=torch.float16), batch.to(torch.float16)):
            self.assertEqual((moved.images.dtype, moved.labels.dtype), (torch.float16, torch.int64))
            self.assertTrue(np.array_equal(moved.images.numpy(), batch.images.numpy().astype(np.float16)))
        self.assertIs(batch.to("cpu").images.dtype, torch.uint8)
        for kind in (torch.float32, torch.float16, torch.bfloat16):
            self.assertTrue(torch.equal(normalize(batch.to(dtype=kind)), normalize(batch)), kind)


if __name__ == "__main__":
    unittest.main()
