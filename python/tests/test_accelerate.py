"""What Accelerate makes of a loader: left as it is, or refused in words that say what to pass."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import unittest
from typing import List

from tests.fleet import PYTHON, FleetTest, environment

PREPARED = """
import sys, torch, tributary
from accelerate import Accelerator
address, dispatch, batch_format = sys.argv[1], {"default": None, "off": False}[sys.argv[2]], sys.argv[3]
if dispatch is None:
    accelerator = Accelerator(cpu=True)
else:
    try:
        from accelerate.utils import DataLoaderConfiguration
        accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(dispatch_batches=dispatch))
    except ImportError:
        accelerator = Accelerator(cpu=True, dispatch_batches=dispatch)
loader = tributary.Loader(address, run="synthetic", patience=20, batch_format=batch_format)
assert accelerator.prepare(loader) is loader
ours = loader.dataloader()
assert accelerator.prepare(ours) is ours
print(loader.rank, [tuple(batch.address) for batch in ours] if batch_format == "batch" else sum(1 for batch in ours))
try:
    for batch in accelerator.prepare(torch.utils.data.DataLoader(loader, batch_size=None)):
        pass
    print("went on")
except tributary.TributaryError as error:
    print(error)
"""


@unittest.skipUnless(importlib.util.find_spec("accelerate"), "accelerate is not installed for this interpreter")
class AccelerateTest(FleetTest):
    def run_ranks(self, ranks: int, *arguments: str) -> List[str]:
        replica = self.replica("--steps", 3)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        processes = [
            subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", PREPARED, replica.address, *arguments],
                env=environment(
                    RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(ranks), MASTER_ADDR="127.0.0.1", MASTER_PORT=port
                ),
                cwd=PYTHON, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
            for rank in range(ranks)
        ]  # fmt: skip
        said: List[str] = []
        try:
            # The first says why; others may wait for it in a broadcast, and are ended.
            said.append(processes[0].communicate(timeout=120)[0])
            if "off" in arguments:
                said += [process.communicate(timeout=120)[0] for process in processes[1:]]
        finally:
            for process in processes:
                process.kill()
                process.communicate()
        return said

    def test_one_process(self) -> None:
        for batch_format in ("batch", "tuple"):
            (said,) = self.run_ranks(1, "default", batch_format)
            self.assertRegex(said, r"ARGUMENT_INVALID: .*dispatch_batches.*loader\.dataloader\(\)", said)

    def test_two_processes_whose_first_would_read_for_all(self) -> None:
        for batch_format in ("batch", "tuple"):
            said = self.run_ranks(2, "default", batch_format)[0]
            self.assertRegex(said, r"ARGUMENT_INVALID: .*dispatch_batches.*loader\.dataloader\(\)", said)
        self.assertIn("0 3\n", said)

    def test_two_processes_that_would_take_every_second_batch(self) -> None:
        for rank, said in enumerate(self.run_ranks(2, "off", "batch")):
            self.assertIn(f"{rank} {[(0, step, rank, 2) for step in range(3)]}\n", said)
            self.assertRegex(said, r"ARGUMENT_INVALID: .*every n-th batch.*loader\.dataloader\(\)", said)


if __name__ == "__main__":
    unittest.main()
