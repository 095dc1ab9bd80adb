"""The descriptor set, and normalisation against torchvision."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision import transforms

import tributary
from tributary import Box, TributaryError, contract, normalize

ROOT = Path(__file__).resolve().parents[2]
BUF = ROOT / "node_modules" / ".bin" / "buf"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ContractTest(unittest.TestCase):
    @unittest.skipUnless(BUF.exists() and shutil.which("node"), "buf is not installed: npm ci installs it")
    def test_the_descriptor_set_is_that_of_the_protos(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            fresh = Path(folder) / "contract.binpb"
            subprocess.run(
                [BUF, "build", "--exclude-source-info", "-o", fresh], cwd=ROOT, check=True, stderr=subprocess.DEVNULL
            )
            kept = Path(tributary.__file__).parent / "contract.binpb"
            self.assertEqual(kept.read_bytes(), fresh.read_bytes(), "run npm run generate:python")

    def test_messages_go_there_and_back(self) -> None:
        header = contract.BatchHeader(run="r", shape=[2, 3], samples=[{"key": "k", "seed": 2**32 - 1, "pass": 3}])
        again = contract.BatchHeader.FromString(header.SerializeToString())
        self.assertEqual((again.samples[0].seed, list(again.shape)), (2**32 - 1, [2, 3]))
        self.assertFalse(again.samples[0].HasField("label"))


class NormalizeTest(unittest.TestCase):
    def test_equal_to_torchvision_to_the_bit(self) -> None:
        every = np.arange(256, dtype=np.uint8)
        images = np.stack([every.reshape(16, 16)] * 3, axis=-1)[None].repeat(2, axis=0)
        images[1] = np.random.RandomState(0).randint(0, 256, (16, 16, 3))
        stock = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
        expected = torch.stack([stock(Image.fromarray(image)) for image in images])
        expected[1, :, 2:5, 3:10] = 0
        erase = [None, Box(2, 3, 3, 7)]
        tensor = torch.from_numpy(images)
        for result in (
            normalize(tensor, erase, mean=MEAN, std=STD),
            normalize(tensor.permute(0, 3, 1, 2), erase, mean=MEAN, std=STD, layout="nchw"),
            torch.from_numpy(normalize(images, erase, mean=MEAN, std=STD)),
        ):
            self.assertTrue(torch.equal(result, expected))
            self.assertTrue(result.is_contiguous())
        self.assertTrue(np.array_equal(tensor.numpy(), images))

    def test_what_is_no_pixels(self) -> None:
        with self.assertRaisesRegex(TributaryError, "uint8"):
            normalize(torch.zeros(1, 2, 2, 3), mean=MEAN, std=STD)
        with self.assertRaisesRegex(TributaryError, "mean and std"):
            normalize(torch.zeros(1, 2, 2, 3, dtype=torch.uint8))


if __name__ == "__main__":
    unittest.main()
