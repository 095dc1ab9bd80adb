"""The package without torch, in a process that cannot import it; runs under any version of grpcio and protobuf."""

from __future__ import annotations

import subprocess
import sys
import unittest

from tests.fleet import PYTHON, FleetTest, environment

SCRIPT = """
import sys
sys.modules["torch"] = None
import numpy as np, tributary
from tests.pixels import batch_pixels
loader = tributary.Loader(sys.argv[1], run="synthetic", patience=10)
batches = list(loader)
assert len(batches) == len(loader) == 12
for b in batches:
    assert type(b.images) is np.ndarray and b.images.flags.writeable and b.images.flags.c_contiguous
    assert np.array_equal(b.images, batch_pixels(0, b.address.step, 0, 1, 8))
assert tributary.normalize(batches[0]).shape == (8, 3, 8, 8)
half = tributary.Loader(sys.argv[1], run="synthetic", patience=10, data_type="bfloat16").fetch(0, 0)
wide = tributary.normalize(half)
assert wide.dtype == np.float32 and np.array_equal(wide, batches[0].images.transpose(0, 3, 1, 2))
assert batches[0].labels.dtype == np.int64
assert tributary.Schedule(sys.argv[1], run="synthetic").weight_decay(0) == 0.04
try:
    tributary.Loader(sys.argv[1], run="other").describe()
except tributary.TributaryError as error:
    assert (error.reason, error.metadata) == ("UNKNOWN_RUN", {"run": "other"}), error
else:
    raise AssertionError("no error")
"""


class NumpyTest(FleetTest):
    def test_an_epoch_without_torch(self) -> None:
        replica = self.replica()
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, replica.address],
            env=environment(), cwd=PYTHON, timeout=30, capture_output=True, text=True,
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
