"""Validation from the replicas, under a stand-in of the trainer; test_ultralytics_package.py has the package itself."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Dict, List
from unittest import mock

import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from tests.fleet import FleetTest
from tests.servers import Server, built, tributary
from tests.shapes import CLASSES, draw_shapes
from tests.test_ultralytics import StandIn
from tributary import TributaryError
from tributary.ultralytics import Settings, TributaryTrainer
from tributary.ultralytics_validation import check_transform

SIZE = 32
CONFIG = """
sources: {{shapes: {data}, plain: {{path: {data}/val, layout: flat}}}}
runs:
  shapes: {{recipe: default, sources: [shapes], image_size: 32, interpolation: BILINEAR, global_batch: 8, epochs: 1}}
  plain: {{recipe: default, sources: [plain], image_size: 32, interpolation: BILINEAR, global_batch: 8, epochs: 1}}
"""


def classify_transforms(size: int, crop_fraction: float = 1.0) -> Any:
    resize = transforms.Resize(int(size / crop_fraction), interpolation=InterpolationMode.BILINEAR)
    return transforms.Compose([resize, transforms.CenterCrop(size), transforms.ToTensor()])


def of_a_folder(*_: Any, **__: Any) -> Any:
    raise FileNotFoundError("no such folder")


class Validating(StandIn):
    """A trainer that asks its modules for its data set, and says of any error that the folder is at fault."""

    __module__ = "standin.engine.trainer"

    def __init__(self, **arguments: Any):
        super().__init__(**{"imgsz": SIZE, "epochs": 1, **arguments})
        self.model = SimpleNamespace()
        try:
            self.data = sys.modules["standin.engine.trainer"].check_cls_dataset(None)
        except Exception as error:
            raise RuntimeError(f"Dataset 'None' error {error}") from error

    def final_eval(self) -> None:
        self.found = sys.modules["standin.engine.validator"].check_cls_dataset(None, split="val")


@built
class UltralyticsValidationTest(FleetTest):
    data: Path
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.data = draw_shapes(Path(folder.name) / "data", train=3, val=8)
        (cls.data / "val" / "cross" / "000.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing that follows is an image")
        other = cls.data / "val" / "triangle"
        other.mkdir()
        (other / "000.jpg").write_bytes((cls.data / "val" / "square" / "000.jpg").read_bytes())
        config = Path(folder.name) / "tributary.yaml"
        config.write_text(CONFIG.format(data=cls.data))
        tributary("index", "--config", str(config))
        tributary("index", "--config", str(config), "--split", "val", "--source", "shapes")
        cls.server = Server("serve", "--config", str(config), "--workers", "1")
        cls.addClassCleanup(cls.server.end)
        cls.server.wait()

    def setUp(self) -> None:
        super().setUp()
        names = {"engine.trainer": {"check_cls_dataset": of_a_folder}, "engine.validator": {"check_cls_dataset": of_a_folder},
                 "data.augment": {"classify_transforms": classify_transforms}}  # fmt: skip
        self.modules: Dict[str, Any] = {}
        for name, has in names.items():
            self.modules[f"standin.{name}"] = ModuleType(f"standin.{name}")
            vars(self.modules[f"standin.{name}"]).update(has)
        for name in ("standin", "standin.engine", "standin.data"):
            self.modules[name] = ModuleType(name)
        patch = mock.patch.dict(sys.modules, self.modules)
        patch.start()
        self.addCleanup(patch.stop)

    def trainer(self, run: str = "shapes", settings: Any = None, **arguments: Any) -> Any:
        given = {"arguments": {"patience": 10}, "validate": "val", **(settings or {})}

        class Trainer(TributaryTrainer, Validating):
            tributary = Settings(self.server.address, run, **given)

        return Trainer(**arguments)

    def test_the_data_set_is_the_runs_wherever_it_is_looked_for(self) -> None:
        trainer = self.trainer()
        self.assertEqual((trainer.data["nc"], trainer.data["channels"]), (3, 3))
        self.assertEqual(trainer.data["names"], dict(enumerate(CLASSES)))
        trainer.final_eval()
        self.assertEqual(trainer.found, trainer.data)
        for module in ("standin.engine.trainer", "standin.engine.validator"):
            self.assertIs(self.modules[module].check_cls_dataset, of_a_folder)
        with self.assertRaisesRegex(TributaryError, "none for samples of plain"):
            self.trainer("plain")
        with self.assertRaisesRegex(RuntimeError, "no such folder"):
            self.trainer(settings={"validate": None})

    def test_every_image_as_the_trainer_would_have_read_it(self) -> None:
        trainer = self.trainer()
        with self.assertLogs("tributary", "WARNING") as logs:
            trainer.train()
        self.assertIn("leaves out samples of triangle", logs.output[0])
        loader = trainer.test_loader
        transform = classify_transforms(SIZE)
        batches = list(loader)
        # The second epoch of the same loader is the same.
        self.assertEqual(self.files(batches), self.files(list(loader)))
        wanted = sorted(
            f"shapes/{path.relative_to(self.data)}"
            for path in (self.data / "val").rglob("*.jpg")
            if path.parent.name != "triangle" and path.parent.name + path.name != "cross000.jpg"
        )
        self.assertEqual(sorted(self.files(batches)), wanted)
        for batch in batches:
            for image, label, name in zip(batch["img"], batch["cls"].tolist(), batch["im_file"]):
                path = self.data / Path(name).relative_to("shapes")
                self.assertTrue(torch.equal(image, transform(Image.open(path).convert("RGB"))), name)
                self.assertEqual(CLASSES[label], path.parent.name)
        self.assertEqual(repr(trainer.model.transforms), repr(transform))

    def files(self, batches: List[Any]) -> List[str]:
        return [name for batch in batches for name in batch["im_file"]]

    def test_ranks_share_validation_where_all_of_them_validate(self) -> None:
        trainer = self.trainer()
        everything = self.files(list(trainer.get_dataloader(None, batch_size=16, rank=-1, mode="val")))
        shares = []
        for rank in range(2):
            with mock.patch.dict(os.environ, RANK=str(rank), WORLD_SIZE="2"):
                loader = trainer.get_dataloader(None, batch_size=3, rank=rank, mode="val")
                batches = list(loader)
                shares.append(self.files(batches))
                # 25 samples: three steps of 8, and one of a single sample. Four a rank are pieces of 3 and 1.
                self.assertEqual(len(loader), 7 if rank == 0 else 6)
                self.assertLessEqual(max(len(batch["cls"]) for batch in batches), 3)
                # Upstream says -1 where the first rank validates for all.
                alone = trainer.get_dataloader(None, batch_size=16, rank=-1, mode="val")
                self.assertEqual(self.files(list(alone)), everything)
        self.assertEqual(sorted(shares[0] + shares[1]), sorted(everything))
        self.assertEqual(set(shares[0]) & set(shares[1]), set())

    def test_another_transform_than_the_trainers(self) -> None:
        run = self.trainer().get_dataloader(None, rank=-1, mode="val").loader.describe()
        check_transform(classify_transforms(SIZE), run)
        check_transform(classify_transforms(SIZE, 0.875), replace(run, resize_size=36))
        for other, words in (
            (replace(run, resize_size=36), "resize_size of 32, but got 36"),
            (replace(run, image_size=48), "image_size of 32, but got 48"),
            (replace(run, knobs={"interpolation": "BICUBIC"}), "interpolation of BILINEAR, but got BICUBIC"),
        ):
            with self.assertRaisesRegex(TributaryError, words):
                check_transform(classify_transforms(SIZE), other)
        # As upstream had it before 8.1: a class of the same name that cuts a square first, and resizes it by OpenCV.
        old = transforms.Compose([type("CenterCrop", (), {"h": SIZE, "w": SIZE})(), transforms.ToTensor()])
        with self.assertLogs("tributary", "WARNING") as logs:
            check_transform(old, run)
        self.assertIn("OpenCV", logs.output[0])

    def test_settings(self) -> None:
        with self.assertRaisesRegex(TributaryError, "the split of validate_run"):
            Settings(self.server.address, "shapes", validate_run="other")
        with self.assertRaisesRegex(TributaryError, "a trainer that evaluates by k-NN"):
            trainer = self.trainer(settings={"knn": "shapes"})
            trainer.get_dataloader(None, batch_size=8)
            trainer.run_callbacks("on_train_start")


if __name__ == "__main__":
    unittest.main()
