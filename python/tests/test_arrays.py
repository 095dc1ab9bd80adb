"""Batches without torch: as numpy has them, and as JAX takes them."""

from __future__ import annotations

import importlib.util
import unittest

from tests.fleet import FleetTest, run_python

NUMPY = """
import sys, numpy, tributary, tributary.arrays
from tests.pixels import batch_pixels
loader = tributary.Loader(sys.argv[1], run="synthetic", patience=20, receivers=int(sys.argv[2]))
for batch in loader:
    assert type(batch.images) is numpy.ndarray and type(batch.labels) is numpy.ndarray
    assert (batch.images == batch_pixels(0, batch.address.step, 0, 1, 8)).all()
    assert numpy.from_dlpack(batch.images).base is not None
    assert tributary.normalize(batch).dtype == numpy.float32
assert batch.address.step == 2
for images, labels in tributary.Loader(sys.argv[1], run="synthetic", epoch=0, batch_format="tuple"):
    assert images.shape[1] == 3 and images.dtype == numpy.float32
assert "torch" not in sys.modules
"""

JAX = """
import sys, numpy, jax, tributary
from tributary.arrays import to_jax
kept = []
for data_type in ("uint8", "float32", "bfloat16"):
    loader = tributary.Loader(sys.argv[1], run="synthetic", patience=20, epoch=0, data_type=data_type)
    for batch in loader:
        moved = to_jax(batch)
        assert isinstance(moved.images, jax.Array) and moved.images.dtype == data_type, moved.images.dtype
        bits = numpy.asarray(moved.images).view(numpy.uint16) if data_type == "bfloat16" else numpy.asarray(moved.images)
        assert (bits == batch.images).all() and (numpy.asarray(moved.labels) == batch.labels).all()
        kept.append((moved, batch.images.copy()))
# The memory of batches has been used again since.
del batch
for moved, expected in kept:
    found = numpy.asarray(moved.images)
    assert ((found.view(numpy.uint16) if found.dtype.itemsize == 2 else found) == expected).all()
assert "torch" not in sys.modules
"""


class ArraysTest(FleetTest):
    def test_numpy_without_torch(self) -> None:
        replica = self.replica("--steps", 3)
        for receivers in ("1", "0"):
            done = run_python("-c", NUMPY, replica.address, receivers, TRIBUTARY_TORCH="0")
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    @unittest.skipUnless(importlib.util.find_spec("jax"), "jax is not installed for this interpreter")
    def test_jax_without_torch(self) -> None:
        done = run_python("-c", JAX, self.replica("--steps", 12).address, TRIBUTARY_TORCH="0", JAX_PLATFORMS="cpu")
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
