"""Several views of a sample, from a real replica."""

from __future__ import annotations

import unittest
from dataclasses import astuple
from typing import ClassVar, Dict

import numpy as np

from tests.servers import SevenTest, built
from tributary import normalize
from tributary.batch import torch


@built
class ViewsTest(SevenTest):
    runs: ClassVar[Dict[str, str]] = {
        "dino": "recipe: dinov3_vitl, global_size: 64, local_size: 40, local_count: 3, global_batch: 8, epochs: 2, "
        "global_masks: {patch: 16}",
        "one": "recipe: dinov3, views: [{name: crops, count: 2, image_size: 48}], global_batch: 8, epochs: 2",
        "sizes": "recipe: dinov3_vitl, local_count: 2, global_batch: 8, epochs: 2, "
        "resolutions: [{global_size: 64, local_size: 40}, {global_size: 96, local_size: 32, weight: 2}]",
    }

    def test_a_batch_has_a_tensor_for_each_group(self) -> None:
        servers = self.serve()
        for receivers in (0, 1):
            with self.open(servers, "dino", receivers=receivers) as loader:
                groups = [astuple(group) for group in loader.describe().views]
                self.assertEqual(groups, [("global", 2, 64, ""), ("local", 3, 40, "")])
                batch = loader.fetch(0, 1)
                self.assertIsNone(batch.images)
                shapes = {name: tuple(images.shape) for name, images in batch.views.items()}
                self.assertEqual(shapes, {"global": (16, 64, 64, 3), "local": (24, 40, 40, 3)})
                self.assertEqual(len(batch.labels), 8)
                again = next(iter(loader))
                self.assertEqual(again.address.step, 0)

    def test_steps_have_one_of_the_sizes_of_the_run(self) -> None:
        servers = self.serve()
        seen = []
        for receivers in (0, 1):
            with self.open(servers, "sizes", receivers=receivers) as loader:
                run = loader.describe()
                sizes = [dict(r.image_sizes) for r in run.resolutions]
                self.assertEqual(sizes, [{"global": 64, "local": 40}, {"global": 96, "local": 32}])
                self.assertEqual([r.weight for r in run.resolutions], [1, 2])
                self.assertEqual(run.sample_pixels, 2 * 96 * 96 + 2 * 32 * 32)
                batches = list(loader)
                self.assertEqual(len(batches), len(loader))
                seen.append([({k: v.shape[1] for k, v in b.views.items()}, b.crc32) for b in batches])
        self.assertEqual(seen[0], seen[1])
        self.assertTrue(all(each in sizes for each, _ in seen[0]))
        self.assertEqual(len({str(each) for each, _ in seen[0]}), 2)

    def test_other_forms_hold_the_same_pixels(self) -> None:
        servers = self.serve()
        plain = self.open(servers, "dino").fetch(0, 1)
        ready = normalize(plain)
        floats = self.open(servers, "dino", data_type="float32", layout="nchw").fetch(0, 1)
        for name in ("global", "local"):
            self.assertTrue(np.array_equal(np.asarray(ready[name]), np.asarray(floats.views[name])), name)
        side_by_side = self.open(servers, "dino", view_order="sample_major").fetch(0, 1)
        ours, theirs = np.asarray(plain.views["local"]), np.asarray(side_by_side.views["local"])
        self.assertTrue(np.array_equal(ours.reshape(3, 8, 40, 40, 3).swapaxes(0, 1), theirs.reshape(8, 3, 40, 40, 3)))
        images, labels = next(iter(self.open(servers, "dino", batch_format="tuple")))
        self.assertEqual((sorted(images), len(labels)), (["global", "local"], 8))

    def test_one_group_is_images_too(self) -> None:
        servers = self.serve()
        batch = self.open(servers, "one").fetch(0, 0)
        self.assertEqual((tuple(batch.images.shape), list(batch.views)), ((16, 48, 48, 3), ["crops"]))
        self.assertIs(batch.views["crops"], batch.images)

    def test_masks_come_with_the_batch_and_follow_its_order(self) -> None:
        servers = self.serve()
        hidden = np.asarray(self.open(servers, "dino").fetch(0, 1).masks["global"].hidden)
        self.assertEqual(hidden.shape, (16, 4, 4))
        self.assertEqual(int((hidden.sum((1, 2)) > 0).sum()), 8)
        again = self.open(servers, "dino", view_order="sample_major").fetch(0, 1)
        turned = np.asarray(again.masks["global"].hidden)
        self.assertTrue(np.array_equal(hidden.reshape(2, 8, 4, 4).swapaxes(0, 1), turned.reshape(8, 2, 4, 4)))
        self.assertFalse(np.array_equal(hidden, np.asarray(self.open(servers, "dino").fetch(0, 2).masks["global"].hidden)))

    @unittest.skipIf(torch is None, "torch is not installed")
    def test_a_batch_moves_with_all_its_views(self) -> None:
        batch = self.open(self.serve(), "dino").fetch(0, 1).to("cpu", torch.float16)
        self.assertEqual({images.dtype for images in batch.views.values()}, {torch.float16})
