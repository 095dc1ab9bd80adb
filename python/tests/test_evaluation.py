"""Labels and evaluation streams of real replicas, against stock torchvision."""

from __future__ import annotations

import io
import tempfile
import unittest
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import torch
from PIL import Image
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.transforms import InterpolationMode

from tests.fleet import FleetTest, run_python
from tests.servers import Server, built, tributary
from tributary import IGNORE, Batch, Loader, TributaryError

CONFIG = """
sources: {{pets: {folder}/pets, zoo: {folder}/zoo, plain: {{path: {folder}/plain, layout: flat}}}}
runs:
  all: {{recipe: dinov3, sources: [zoo, pets, plain], image_size: 32, global_batch: 4, epochs: 2}}
  eval: {{recipe: dinov3, sources: [pets, zoo], image_size: 224, resize_size: 256, global_batch: 12, epochs: 1}}
  own: {{recipe: dinov3, sources: [zoo, pets], labels: own, image_size: 32, global_batch: 4, epochs: 2}}
"""
# Width and height; single rows and columns among them, and smaller, equal and larger than 256 and 224.
SIZES = ((300, 200), (200, 300), (1, 40), (700, 1), (224, 224), (256, 256), (31, 57), (640, 427), (255, 257), (3, 500))
COLOURS = {"cat": (200, 60, 60), "dog": (60, 200, 60), "Zebra": (60, 60, 200)}


def draw(path: Path, seed: int, size: Tuple[int, int], name: str) -> None:
    """Noise around the colour of its class."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.RandomState(seed).randint(-50, 51, (size[1], size[0], 3))
    Image.fromarray(np.clip(noise + COLOURS[name], 0, 255).astype(np.uint8)).save(path)


@built
class EvaluationTest(FleetTest):
    root: Path
    config: str

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = Path(folder.name)
        for seed, size in enumerate(SIZES):
            for split in ("train", "val"):
                for source, name in (("pets", "cat"), ("pets", "dog"), ("zoo", "dog"), ("zoo", "Zebra")):
                    draw(cls.root / source / split / name / f"{seed}.png", hash_of(split, source, name, seed), size, name)
            draw(cls.root / "plain" / f"{seed}.png", seed, size, "cat")
        cls.config = str(cls.root / "tributary.yaml")
        Path(cls.config).write_text(CONFIG.format(folder=cls.root))
        tributary("index", "--config", cls.config)
        tributary("index", "--config", cls.config, "--split", "val", "--source", "pets", "zoo")

    def setUp(self) -> None:
        self.server = Server("serve", "--config", self.config, "--workers", "1")
        self.addCleanup(self.server.end)
        self.server.wait()

    def open(self, run: str, **arguments: Any) -> Loader:
        loader = Loader(self.server.address, run=run, **{"patience": 20, "rank": 0, "world_size": 1, **arguments})
        self.addCleanup(loader.close)
        return loader

    def test_labels_of_all_sources_are_one_numbering_by_name(self) -> None:
        loader = self.open("all")
        run = loader.describe()
        self.assertEqual((run.class_names, run.unlabelled), (("Zebra", "cat", "dog"), ("plain",)))
        self.assertEqual(run.source_class_names, {"zoo": ("Zebra", "dog"), "pets": ("cat", "dog"), "plain": ()})
        # As ImageFolder has it, where all class folders lie in one.
        merged = self.root / "merged"
        for source in ("pets", "zoo"):
            for place in (self.root / source / "train").iterdir():
                (merged / place.name).mkdir(parents=True, exist_ok=True)
                (merged / place.name / f"{source}.png").symlink_to(place / "0.png")
        self.assertEqual(tuple(ImageFolder(str(merged)).classes), run.class_names)
        seen: Dict[str, Any] = {}
        for batch in loader:
            for sample, label in zip(batch.samples, batch.labels.tolist()):
                expected = IGNORE if sample.source == "plain" else run.class_names.index(sample.key.split("/")[1])
                self.assertEqual(label, expected, sample)
                seen[sample.source] = label
        self.assertEqual(len(seen), 3)
        own = self.open("own").describe()
        self.assertEqual((own.class_names, own.class_counts), ((), {"zoo": 2, "pets": 2}))

    def test_a_validation_stream_is_stock_torchvision_every_sample_once_for_any_number_of_ranks(self) -> None:
        stock = transforms.Compose(
            [transforms.Resize(256, interpolation=InterpolationMode.BICUBIC), transforms.CenterCrop(224)]
        )
        for split, evaluate in (("val", None), ("train", True)):
            loader = self.open("eval", split=split, evaluate=evaluate)
            run = loader.describe()
            self.assertEqual((run.split, run.evaluate, run.resize_size, len(loader)), (split, True, 256, 4))
            keys: List[str] = []
            for batch in loader:
                for sample, image, label in zip(batch.samples, batch.images, batch.labels.tolist()):
                    raw = (self.root / sample.source / sample.key).read_bytes()
                    expected = np.asarray(stock(Image.open(io.BytesIO(raw)).convert("RGB")))
                    self.assertTrue(np.array_equal(image.numpy(), expected), sample)
                    self.assertEqual(label, run.class_names.index(sample.key.split("/")[1]))
                    keys.append(f"{sample.source}/{sample.key}")
            self.assertEqual(len(set(keys)), len(keys))
            self.assertEqual(keys, [k for s in ("pets", "zoo") for k in sorted(keys) if k.startswith(s)])
            self.assertEqual(len(keys), 40)
        ranks = [list(self.open("eval", split="val", rank=r, world_size=6)) for r in range(6)]
        # 40 = 3 * 12 + 4: the last batch has 4 samples, 2 for each of the first two ranks.
        self.assertEqual([[len(b) for b in share] for share in ranks], [[2, 2, 2, 2]] * 2 + [[2, 2, 2, 0]] * 4)
        self.assertEqual(tuple(ranks[5][3].images.shape), (0, 224, 224, 3))
        self.assertEqual(tuple(ranks[5][3].labels.shape), (0,))
        self.assertEqual(self.keys([share[step] for step in range(4) for share in ranks]), keys_of_val(keys))

    def keys(self, batches: List[Batch]) -> List[str]:
        return [f"{sample.source}/{sample.key}" for batch in batches for sample in batch.samples]

    def test_an_evaluation_has_no_last_epoch_and_every_one_is_alike(self) -> None:
        loader = self.open("eval", split="val")
        first = list(loader)
        for _ in range(2):
            self.assertTrue(all(torch.equal(a.images, b.images) for a, b in zip(first, loader)))
        self.assertTrue(torch.equal(loader.fetch(1000, 3).images, first[3].images))
        with self.assertRaisesRegex(TributaryError, "EPOCH_OUT_OF_RANGE"):
            self.open("eval").fetch(1, 0)
        with self.assertRaisesRegex(TributaryError, "a split of train or val"):
            Loader(self.server.address, run="eval", split="test")

    def test_the_example_scores_an_encoder(self) -> None:
        done = run_python("examples/knn.py", "--loader", self.server.address, "--run", "eval")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "40 training images, 40 validation images, 3 classes\nk-NN top-1 1.0000\n", done.stdout)


def hash_of(*parts: Any) -> int:
    """A seed of what an image is."""
    return sum(ord(letter) * (i + 1) for i, letter in enumerate(repr(parts))) % 2**31


def keys_of_val(keys: List[str]) -> List[str]:
    """The keys of the validation images that lie as these training images do."""
    return [key.replace("/train/", "/val/") for key in keys]


if __name__ == "__main__":
    unittest.main()
