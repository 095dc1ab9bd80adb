"""The loader against real replicas and a real schedule endpoint."""

from __future__ import annotations

import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any, List

import numpy as np
import torch
from PIL import Image

from tests.fleet import FleetTest
from tests.servers import Server, built, tributary
from tests.test_seeds import restate
from tributary import Loader, Schedule, TributaryError, normalize

RUN_SEED = 11

CONFIG = """
sources: {{made: {folder}/made}}
runs:
  plain: {{recipe: dinov3, sources: [made], seed: 11, image_size: 32, global_batch: 4, epochs: 4}}
  erased: {{recipe: default, sources: [made], image_size: 32, global_batch: 4, epochs: 4, erasing: 1.0}}
"""


@built
class ServerTest(FleetTest):
    folder: tempfile.TemporaryDirectory
    config: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        root = Path(cls.folder.name)
        for i in range(40):
            place = root / "made" / "train" / "ab"[i % 2]
            place.mkdir(parents=True, exist_ok=True)
            pixels = np.random.RandomState(i).randint(0, 256, (50, 60, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(place / f"{i}.png")
        cls.config = str(root / "tributary.yaml")
        Path(cls.config).write_text(CONFIG.format(folder=root))
        tributary("index", "--config", cls.config)

    def serve(self, command: str = "serve") -> Server:
        more = ["--workers", "1"] if command == "serve" else []
        server = Server(command, "--config", self.config, *more)
        self.addCleanup(server.end)
        return server.wait()

    def open(self, servers: List[Server], run: str = "plain", **arguments: Any) -> Loader:
        target = ",".join(s.address for s in servers)
        loader = Loader(target, run=run, **{"epoch": 0, "patience": 20, "stall_timeout": 3, **arguments})
        self.addCleanup(loader.close)
        return loader

    def test_the_helper_normalises_and_erases_as_the_server_does(self) -> None:
        server = self.serve()
        pixels = list(self.open([server], run="erased"))
        floats = list(self.open([server], run="erased", data_type="float32", layout="nchw"))
        self.assertTrue(all(s.erase is not None for b in pixels for s in b.samples))
        for one, other in zip(pixels, floats):
            self.assertTrue(torch.equal(normalize(one), other.images))

    def test_every_data_type_and_layout_becomes_the_same_float32(self) -> None:
        server = self.serve()
        wanted = normalize(self.open([server], run="erased").fetch(0, 0))
        for data_type, tolerance in (("float32", 0.0), ("float16", 2e-3), ("bfloat16", 2e-2)):
            for layout in ("nhwc", "nchw"):
                with self.subTest(data_type=data_type, layout=layout):
                    batch = self.open([server], run="erased", data_type=data_type, layout=layout).fetch(0, 0)
                    images = normalize(batch)
                    self.assertTrue(images.is_contiguous() and images.dtype == torch.float32)
                    self.assertLessEqual((images - wanted).abs().max().item(), tolerance)
                    if data_type != "bfloat16":
                        # As a trainer without torch has it.
                        held = replace(batch, images=batch.images.numpy())
                        self.assertTrue(np.array_equal(normalize(held), images.numpy()))
        with self.assertRaisesRegex(TributaryError, r"the mean of the replica, .*\(0.485.*, but got \(0.5, 0.5, 0.5\)"):
            normalize(batch, mean=(0.5, 0.5, 0.5))

    def test_ranks_are_slices_and_a_state_continues_on_others(self) -> None:
        server = self.serve()
        whole = list(self.open([server]))
        loader = self.open([server], rank=1, world_size=2)
        iterator = iter(loader)
        for step in range(3):
            self.assertTrue(torch.equal(next(iterator).images, whole[step].images[2:]))
        state = loader.state_dict()
        loader.close()
        other = self.open([server], rank=3, world_size=4)
        other.load_state_dict(state)
        self.assertEqual([b.images.tolist() for b in other], [b.images[3:].tolist() for b in whole[3:]])

    def test_a_batch_has_the_seed_of_its_definition(self) -> None:
        server = self.serve()
        for rank in range(2):
            with self.open([server], rank=rank, world_size=2) as loader:
                for batch in (loader.fetch(0, 0), loader.fetch(3, 7)):
                    self.assertEqual(batch.seed, restate.batch_seed(RUN_SEED, batch.address.epoch, batch.address.step, rank))

    def test_schedule_and_errors(self) -> None:
        server, schedule_server = self.serve(), self.serve("schedule")
        schedule = Schedule(schedule_server.address, run="plain")
        schedule.check_loader(self.open([server]))
        self.assertEqual(len(schedule), 4)
        self.assertEqual((schedule.weight_decay(0), round(schedule.weight_decay(3), 12)), (0.04, 0.2))
        with self.assertRaisesRegex(TributaryError, "FINGERPRINT_MISMATCH"):
            schedule.check_loader(self.open([server], run="erased"))
        for arguments, reason, code in (
            ({"run": "plane"}, "UNKNOWN_RUN", "NOT_FOUND"),
            ({"rank": 0, "world_size": 3}, "WORLD_SIZE_INVALID", "INVALID_ARGUMENT"),
            ({"epoch": 4}, "EPOCH_OUT_OF_RANGE", "OUT_OF_RANGE"),
        ):
            with self.subTest(reason), self.assertRaises(TributaryError) as raised:
                list(self.open([server], **arguments))
            self.assertEqual((raised.exception.reason, raised.exception.code), (reason, code))


if __name__ == "__main__":
    unittest.main()
