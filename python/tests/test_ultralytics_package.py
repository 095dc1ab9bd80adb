"""docs/ultralytics.md, followed with Ultralytics itself and real servers.

`TRIBUTARY_ULTRALYTICS=FOLDER[:FOLDER...]` names the folders (checkouts, or a site-packages) from which to import it, one after
the other; otherwise it is the one that this interpreter imports. Nothing of it is shipped here.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
from PIL import Image

from tests.fleet import PYTHON, FleetTest, environment
from tests.servers import ROOT, Server, built, tributary
from tests.shapes import CLASSES, draw_shapes

EXAMPLE = PYTHON / "examples" / "ultralytics_classify"
PAGE = ROOT / "docs" / "ultralytics.md"
PLACES = {"dns:///loader:50051": "serve", "dns:///schedule:50052": "schedule"}
RUNS = """
sources: {{shapes: {data}, kinds: {kinds}}}
runs:
  shapes: {{recipe: default, sources: [shapes], image_size: 64, global_batch: 16, epochs: 2, weight_decay: 0.04, wd_end: 0.2}}
  small: {{recipe: default, sources: [shapes], image_size: 32, global_batch: 16, epochs: 2}}
  bilinear: {{recipe: default, sources: [shapes], image_size: 64, interpolation: BILINEAR, global_batch: 16, epochs: 2}}
  kinds: {{recipe: default, sources: [kinds], image_size: 64, interpolation: BILINEAR, global_batch: 2}}
  knn: {{recipe: default, sources: [shapes], image_size: 224, interpolation: BILINEAR, global_batch: 72}}
"""


def packages() -> List[str]:
    """The folders to import Ultralytics from; an empty one for this interpreter's own."""
    named = os.environ.get("TRIBUTARY_ULTRALYTICS", "")
    if named:
        return named.split(os.pathsep)
    return [""] if importlib.util.find_spec("ultralytics") else []


def version(package: str) -> List[int]:
    if package:
        text = (Path(package) / "ultralytics" / "__init__.py").read_text()
        number = re.findall(r"__version__ = ['\"]([\d.]+)", text)[0]
    else:
        number = importlib.metadata.version("ultralytics")
    return [int(part) for part in number.split(".")[:3]]


@built
@unittest.skipUnless(packages(), "ultralytics is not installed; TRIBUTARY_ULTRALYTICS may name folders that have it")
class UltralyticsPackageTest(FleetTest):
    folder: Path
    data: Path
    kinds: Path
    servers: Dict[str, Server]

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.data = draw_shapes(cls.folder / "data", train=24, val=8)
        config = cls.folder / "tributary.yaml"
        cls.kinds = draw_kinds(cls.folder / "kinds")
        config.write_text(RUNS.format(data=cls.data, kinds=cls.kinds))
        cls.servers = cls.serve(config)

    @classmethod
    def serve(cls, config: Path) -> Dict[str, Server]:
        tributary("index", "--config", str(config))
        tributary("index", "--config", str(config), "--split", "val")
        started = {}
        for command, more in (("serve", ["--workers", "1"]), ("schedule", [])):
            server = Server(command, "--config", str(config), *more)
            cls.addClassCleanup(server.end)
            started[command] = server.wait()
        return started

    def python(self, package: str, *arguments: str, cwd: Path = PYTHON, **more: str) -> subprocess.CompletedProcess[str]:
        """A Python process that can import the package, run to its end without an error."""
        alone = {"YOLO_CONFIG_DIR": str(self.folder), "YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}
        own = environment(**alone, **more, OMP_NUM_THREADS="1")
        own["PYTHONPATH"] = os.pathsep.join(part for part in (own["PYTHONPATH"], str(cwd), package) if part)
        command = [sys.executable, "-W", "ignore", *arguments]
        done = subprocess.run(command, env=own, cwd=cwd, timeout=600, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        return done

    def given(self) -> Dict[str, Any]:
        return {
            "loader": self.servers["serve"].address,
            "schedule": self.servers["schedule"].address,
            "run": "shapes",
            "other_data": str(self.folder / "other"),
            "kinds": str(self.kinds),
            "overrides": {
                "model": "yolov8n-cls.yaml", "data": str(self.data), "imgsz": 64, "batch": 16, "epochs": 2, "device": "cpu",
                "project": str(self.folder / "runs"), "plots": False, "workers": 0,
            },
        }  # fmt: skip

    def case(self, package: str, name: str, cwd: Path = PYTHON) -> Any:
        return result(self.python(package, "-m", "tests.ultralytics_cases", name, json.dumps(self.given()), cwd=cwd).stdout)

    def test_the_page_as_it_stands(self) -> None:
        blocks = re.findall(r"```(?:python|yaml)\n(.*?)```", PAGE.read_text(), re.S)
        for name in ("tributary.yaml", "trainer.py", "train.py"):
            self.assertIn((EXAMPLE / name).read_text(), blocks, f"the page does not show {name} as it is")
        place = self.folder / "page"
        shutil.copytree(EXAMPLE, place)
        self.replace(place / "tributary.yaml", {
            "/data/imagenet": str(self.data), "image_size: 224": "image_size: 64", "global_batch: 256": "global_batch: 16",
            "epochs: 30": "epochs: 2",
        })  # fmt: skip
        served = self.serve(place / "tributary.yaml")
        for package in packages():
            with self.subTest(package or "installed"):
                mine = Path(tempfile.mkdtemp(dir=self.folder))
                for name in ("trainer.py", "train.py"):
                    shutil.copy(EXAMPLE / name, mine)
                places = {name: served[server].address for name, server in PLACES.items()}
                moved = {"ultralytics.models.yolo.classify": "ultralytics.yolo.v8.classify"}
                self.replace(mine / "trainer.py", {**places, **(moved if version(package) < [8, 0, 136] else {})})
                self.replace(mine / "train.py", {
                    "/data/imagenet": str(self.data), '"imgsz": 224': '"imgsz": 64', '"batch": 256': '"batch": 16',
                    '"epochs": 30': f'"epochs": 2, "device": "cpu", "project": "{mine}"',
                })  # fmt: skip
                done = self.python(package, "train.py", cwd=mine)
                self.assertIn("2 epochs completed", done.stdout + done.stderr)
                self.assertIn("scale [0.5, 1] (the run's: [0.08, 1]), weight_decay 0.0005 (the run's: 0.05)", done.stderr)
                # What the processes of several devices would run.
                script = self.case(package, "script", cwd=mine)
                self.assertIn("from trainer import Trainer", Path(script).read_text())
                done = self.python(package, script, cwd=mine)
                self.assertIn("2 epochs completed", done.stdout + done.stderr)

    def replace(self, file: Path, changes: Dict[str, str]) -> None:
        text = file.read_text()
        for old_text, new_text in changes.items():
            self.assertIn(old_text, text)
            text = text.replace(old_text, new_text)
        file.write_text(text)

    def test_a_classification_training(self) -> None:
        for package in packages():
            with self.subTest(package or "installed"):
                found = self.case(package, "classify")
                self.assertEqual(found["steps"], [4, 4])
                self.assertEqual(found["left"], [])
                self.assertEqual([[round(value, 9) for value in d] for d in found["decays"]], [[0.0, 0.04], [0.0, 0.2]])
                self.assertEqual(len(found["lines"]), 1, found["lines"])
                self.assertTrue(found["stock"])

    def test_what_is_refused(self) -> None:
        names = dict(zip(CLASSES, ("disc", "cross", "square")))
        for split in ("train", "val"):
            for name, other in names.items():
                shutil.copytree(self.data / split / name, self.folder / "other" / split / other)
        for package in packages():
            with self.subTest(package or "installed"):
                epochs, size, batch, classes, normalisation = self.case(package, "refused")
                self.assertIn("the run's 2 epochs, but got 5", epochs)
                self.assertIn("images of 64 pixels, the run's image_size, but got 96, imgsz", size)
                self.assertIn("global batch of 16, but got 4", batch)
                self.assertIn("label 0 is another class", classes)
                # Before 8.0.53 validation's normalisation is the replicas'.
                if version(package) < [8, 0, 53]:
                    self.assertEqual(normalisation, "trained")
                else:
                    self.assertIn("float32 images that the replicas normalise with mean (0.485, 0.456, 0.406)", normalisation)

    def test_validation_without_a_folder(self) -> None:
        for package in packages():
            with self.subTest(package or "installed"):
                found = self.case(package, "validate")
                self.assertEqual(found["names"], {str(label): name for label, name in enumerate(CLASSES)})
                self.assertAlmostEqual(found["ended"]["metrics/accuracy_top1"], found["streamed"], places=4)
                if version(package) < [8, 1]:
                    # Upstream's own resize, by OpenCV.
                    continue
                self.assertEqual((found["difference"], found["streamed"]), (0, found["files"]))
                self.assertIn("CenterCrop", found["transform"])
                self.assertIn("the trainer's interpolation of BILINEAR, but got BICUBIC", found["bicubic"])

    def test_what_differs_by_the_kind_of_a_file(self) -> None:
        package = max(packages(), key=version)
        if version(package) < [8, 1]:
            self.skipTest("before 8.1 Ultralytics resizes by OpenCV, so that all files differ")
        found = {Path(name).name: value for name, value in self.case(package, "kinds").items()}
        # What the page lists as differing, or as read by Ultralytics alone.
        self.assertEqual({name for name, value in found.items() if value is None}, {"ycbcr.tif"})
        different = {name for name, value in found.items() if value}
        self.assertEqual(different, {"turned.jpg", "cmyk.jpg", "cmyk.tif", "grey16.png", "rgba.tif"})
        same = {"plain.jpg", "plain.bmp", "plain.tif", "lzw.tif", "palette.png", "alpha.png", "plain.webp"}
        self.assertEqual({name for name, value in found.items() if value == 0}, same)

    def test_the_distillation_trainer(self) -> None:
        for package in self.having_distillation():
            with self.subTest(package):
                *trained, other_size = self.case(package, "distill")
                same = {"shape": [16, 3, 64, 64], "type": "torch.float32", "epochs": 2}
                self.assertEqual(trained, [same, same, same])
                self.assertIn("images of 32 pixels", other_size)

    def test_the_distillation_trainer_without_files(self) -> None:
        for package in self.having_distillation():
            with self.subTest(package):
                found = self.case(package, "distill_without_files")
                self.assertEqual((found["difference"], found["streamed"]), (0, found["files"]))
                self.assertEqual(found["ended"], round(found["files"], 4))

    def having_distillation(self) -> List[str]:
        trainer = Path("ultralytics", "models", "yolo", "classify", "train_image_encoder.py")
        having = [package for package in packages() if package and (Path(package) / trainer).exists()]
        if not having:
            self.skipTest("none of the packages has upstream's distillation trainer")
        return having

    def test_two_ranks(self) -> None:
        package = max(packages(), key=version)
        if version(package) < [8, 3]:
            self.skipTest("before 8.3 Ultralytics' set-up of ranks cannot be replaced by one on CPUs")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        code = "import sys; from tests.test_ultralytics_package import ranks; ranks(sys.argv[1])"
        where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
        done = self.python(package, "-c", code, json.dumps(self.given()), **where)
        first, second = [json.loads(line[7:]) for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        self.assertEqual((first["shape"], second["shape"]), ([8, 3, 64, 64], [8, 3, 64, 64]))
        self.assertEqual((first["epochs"], second["epochs"]), (2, 2))
        self.assertEqual(len(set(first["files"] + second["files"])), 64)
        self.assertEqual(first["weight"], second["weight"])
        # Since 8.4 all ranks validate, each its share: of 24 images 8 + 8, then 8 + 0.
        self.assertEqual(len(second["validated"]), 8 if version(package) >= [8, 4] else 0)
        self.assertEqual(len(set(first["validated"] + second["validated"])), 24)


def draw_kinds(folder: Path) -> Path:
    """Files of several kinds, of 64 pixels, so that none is resized: train/a/*.png and val/a/*."""
    dice = np.random.RandomState(5)
    blocks = np.kron(dice.randint(0, 256, (8, 8, 4)), np.ones((8, 8, 1))).astype(np.uint8)
    image, alpha = Image.fromarray(blocks[:, :, :3]), Image.fromarray(blocks)
    cmyk = Image.frombytes("CMYK", (64, 64), blocks.tobytes())
    turned = Image.Exif()
    turned[0x0112] = 3
    for split in ("train", "val"):
        (folder / split / "a").mkdir(parents=True)
    for i in range(2):
        image.save(folder / "train" / "a" / f"{i}.png")
    for name, made, more in (
        ("plain.jpg", image, {}), ("turned.jpg", image, {"exif": turned}), ("cmyk.jpg", cmyk, {}),
        ("plain.bmp", image, {}), ("plain.webp", image, {}),
        ("plain.tif", image, {}), ("lzw.tif", image, {"compression": "tiff_lzw"}), ("cmyk.tif", cmyk, {}),
        ("rgba.tif", alpha, {}), ("ycbcr.tif", image, {"compression": "jpeg"}),
        ("alpha.png", alpha, {}), ("palette.png", image.convert("P"), {}),
        ("grey16.png", Image.fromarray(blocks[:, :, 0].astype(np.uint16) * 257), {}),
    ):  # fmt: skip
        made.save(folder / "val" / "a" / name, **more)
    return folder


def ranks(given: str) -> None:
    """Two processes of one training, to their end."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.ultralytics_cases", "rank", given]
    environments = [{**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(2)]
    started = [subprocess.Popen(command, env=own, stdout=subprocess.PIPE, text=True) for own in environments]
    try:
        for process in started:
            print(process.communicate(timeout=240)[0], flush=True)
        sys.exit(max(abs(process.returncode) for process in started))
    finally:
        for process in started:
            process.kill()


def result(text: str) -> Any:
    """What a case printed."""
    return json.loads(next(line for line in text.splitlines() if line.startswith("RESULT "))[7:])


if __name__ == "__main__":
    unittest.main()
