"""The descriptor set, and normalisation against torchvision."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import unittest
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from google.protobuf.message import DecodeError
from PIL import Image
from torchvision import transforms

import tributary
from tributary import Box, TributaryError, contract, normalize

ROOT = Path(__file__).resolve().parents[2]
BUF = ROOT / "node_modules" / ".bin" / "buf"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ContractTest(unittest.TestCase):
    @unittest.skipUnless(BUF.exists() and shutil.which("node"), "buf is not installed: npm ci installs it")
    def test_a_header_without_an_address_of_its_own_gets_one(self) -> None:
        flat = contract.BatchHeader(epoch=3, step=4, rank=1, world_size=2)
        address = contract.with_address(flat).address
        self.assertEqual((address.epoch, address.step, address.rank, address.world_size), (3, 4, 1, 2))

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

    def test_chunks_are_read_as_protobuf_reads_them(self) -> None:
        def read(raw: bytes) -> Any:
            """What each of both makes of it: offset and data, another part, or a refusal."""
            try:
                part = contract.read_part(raw)
            except DecodeError:
                return None
            if isinstance(part, contract.Chunk):
                return part.offset, bytes(part.data)
            return (part.chunk.offset, part.chunk.data) if part.HasField("chunk") else part

        def protobuf(raw: bytes) -> Any:
            try:
                part = contract.StreamBatchesResponse.FromString(raw)
            except DecodeError:
                return None
            return (part.chunk.offset, part.chunk.data) if part.HasField("chunk") else part

        warnings.simplefilter("ignore", RuntimeWarning)  # of protobuf, about what is damaged here on purpose
        self.addCleanup(warnings.resetwarnings)
        taken = 0
        for offset in (0, 1, 127, 128, 1 << 20, (1 << 40) + 5):
            for size in (0, 1, 127, 128, 70_000):
                raw = contract.StreamBatchesResponse(
                    chunk={"offset": offset, "data": bytes(i % 251 for i in range(size))}
                ).SerializeToString()
                self.assertEqual(read(raw), protobuf(raw))
                taken += isinstance(contract.read_part(raw), contract.Chunk)
                # Cut anywhere in its head, followed by another field, or with any bit of its head turned.
                for odd in [*(raw[:n] for n in range(20)), raw + b"\x28\x01", raw[:-1] + b"\x28\x01"]:
                    self.assertEqual(read(odd), protobuf(odd), odd[:30])
                for bit in range(8 * min(len(raw), 14)):
                    odd = bytearray(raw)
                    odd[bit // 8] ^= 1 << bit % 8
                    self.assertEqual(read(bytes(odd)), protobuf(bytes(odd)), bytes(odd[:30]))
        self.assertEqual(taken, 6 * 4)
        trailer = contract.StreamBatchesResponse(trailer={"crc32": 7})
        self.assertEqual(contract.read_part(trailer.SerializeToString()), trailer)

    def test_a_header_with_any_bit_turned_is_known_by_its_crc(self) -> None:
        header = contract.BatchHeader(run="r", shape=[2, 3], byte_size=9, samples=[{"key": "k", "label": 3}] * 2)
        raw = contract.StreamBatchesResponse(header=header).SerializeToString()
        plain = contract.StreamBatchesResponse.FromString(raw)
        self.assertEqual(contract.read_part(raw), plain, "a replica of before sends none")
        raw += contract.StreamBatchesResponse(header_crc32=zlib.crc32(raw[2:])).SerializeToString()
        self.assertEqual(contract.read_part(raw).header, header)
        accepted = 0
        for bit in range(8 * len(raw)):
            odd = bytearray(raw)
            odd[bit // 8] ^= 1 << bit % 8
            try:
                part = contract.read_part(bytes(odd))
            except DecodeError:
                continue
            if not isinstance(part, contract.DamagedHeader):
                self.assertEqual(part.header, header)
                accepted += 1
        self.assertLessEqual(accepted, 16, "the CRC-32 alone may become an unknown field")


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
