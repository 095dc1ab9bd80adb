"""The examples of the pages, each copied into an empty folder and run with the real package, where it is installed."""

from __future__ import annotations

import importlib.util
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Tuple

import torch

from tests.fleet import PYTHON, FleetTest, Process, environment

STEPS = 5


def needs(*packages: str) -> Any:
    """Skips a test where one of the packages is not installed for this interpreter."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    return unittest.skipIf(bool(missing), f"{', '.join(missing)} not installed for {sys.executable}")


def has_libuv() -> bool:
    try:
        torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, use_libuv=True)
    except (RuntimeError, TypeError):
        return False
    return True


class ExamplesTest(FleetTest):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.log = self.folder / "asked.log"

    def serve(self) -> Process:
        return self.replica("--steps", STEPS, "--log", self.log)

    def run_example(self, name: str, replica: Process, *arguments: str, ranks: int = 1) -> str:
        """What the ranks of an example say, all of them together. It must end well."""
        shutil.copy(PYTHON / "examples" / name, self.folder)
        where = ["--loader", replica.address, "--schedule", replica.address, "--run", "synthetic"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        processes: List[subprocess.Popen[str]] = []
        for rank in range(ranks):
            more: Dict[str, str] = {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
            if ranks > 1 or name == "ddp.py":
                more.update(
                    RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(ranks), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port)
                )
            processes.append(
                subprocess.Popen(
                    [sys.executable, name, *where, *arguments],
                    cwd=self.folder, env=environment(**more), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                )
            )  # fmt: skip
        said = []
        try:
            for process in processes:
                said.append(process.communicate(timeout=240)[0])
        finally:
            for process in processes:
                process.kill()
                process.communicate()
        self.assertEqual([p.returncode for p in processes], [0] * ranks, "\n".join(said))
        return "\n".join(said)

    def trained(self, said: str) -> List[Tuple[int, ...]]:
        """Rank, epoch and step of every batch that was trained on."""
        # Ranks that share one output may write into each other's lines.
        return [tuple(map(int, found)) for found in re.findall(r"rank (\d+) epoch (\d+) step (\d+) loss", said)]

    def weight_decays(self, said: str) -> List[Tuple[str, str]]:
        return re.findall(r"epoch (\d+) weight decay (\S+)", said)

    def everything(self, ranks: int = 1, epochs: int = 2) -> List[Tuple[int, ...]]:
        return [(rank, epoch, step) for rank in range(ranks) for epoch in range(epochs) for step in range(STEPS)]

    def asked(self) -> Counter[str]:
        return Counter(self.log.read_text().split("\n")[:-1])

    @needs("lightning")
    def test_lightning(self) -> None:
        replica = self.serve()
        arguments = ("--out", "out", "--accelerator", "cpu")
        first = self.run_example("lightning_fit.py", replica, *arguments, "--max-steps", str(STEPS + 2))
        self.assertEqual(self.trained(first), self.everything()[: STEPS + 2])
        rest = self.run_example("lightning_fit.py", replica, *arguments)
        self.assertEqual(self.trained(rest), self.everything()[STEPS + 2 :])
        self.assertEqual(dict(self.weight_decays(first + rest)), {"0": "0.04", "1": "0.08"})

    @needs("lightning")
    def test_lightning_on_two_ranks(self) -> None:
        said = self.run_example("lightning_fit.py", self.serve(), "--out", "out", "--accelerator", "cpu", "--devices", "2")
        self.assertEqual(sorted(self.trained(said)), self.everything(ranks=2))

    @needs("accelerate")
    def test_accelerate(self) -> None:
        replica = self.serve()
        first = self.run_example("accelerate_loop.py", replica, "--out", "out", "--cpu", "--epochs", "1", "--accumulate", "2")
        rest = self.run_example("accelerate_loop.py", replica, "--out", "out", "--cpu", "--accumulate", "2")
        self.assertEqual((self.trained(first), self.trained(rest)), (self.everything()[:STEPS], self.everything()[STEPS:]))
        # Five steps, two at a time: Accelerate knows the epoch's last one, and does not carry it into the next.
        self.assertEqual(re.findall(r"weight decay (\S+) updates (\d+)", first + rest), [("0.04", "3"), ("0.08", "3")])

    @needs("accelerate")
    def test_accelerate_on_two_ranks(self) -> None:
        said = self.run_example("accelerate_loop.py", self.serve(), "--out", "out", "--cpu", ranks=2)
        self.assertEqual(sorted(self.trained(said)), self.everything(ranks=2))

    @needs("transformers", "accelerate")
    def test_transformers(self) -> None:
        said = self.run_example("transformers_trainer.py", self.serve(), "--out", "out")
        self.assertIn(f"steps {2 * STEPS}\n", said)
        self.assertEqual(self.weight_decays(said), [("0", "0.04"), ("1", "0.08")])
        self.assertEqual(self.asked(), Counter(f"{epoch} {step} 0" for _, epoch, step in self.everything()))

    @needs("timm")
    def test_timm(self) -> None:
        said = self.run_example("timm_loop.py", self.serve())
        found = re.findall(r"^epoch (\d) weight decay (\S+) samples (\d+) loss \d", said, re.MULTILINE)
        self.assertEqual(found, [("0", "0.04", str(8 * STEPS)), ("1", "0.08", str(8 * STEPS))])
        self.assertEqual(self.asked(), Counter(f"{epoch} {step} 0" for _, epoch, step in self.everything()))

    def test_ddp(self) -> None:
        replica = self.serve()
        first = self.run_example("ddp.py", replica, "--out", "c.pt", "--max-steps", str(STEPS + 2), ranks=2)
        rest = self.run_example("ddp.py", replica, "--out", "c.pt", ranks=2)
        self.assertEqual(sorted(self.trained(first) + self.trained(rest)), self.everything(ranks=2))
        alone = self.run_example("ddp.py", replica, "--out", "alone.pt", "--max-steps", "3")
        self.assertEqual(self.trained(alone), self.everything()[:3])

    @unittest.skipIf(torch.__version__.startswith("1."), "torchrun of torch 1.13 does not start under Python 3.11")
    @unittest.skipUnless(has_libuv(), "torchrun asks for libuv, without which this torch is built")
    def test_ddp_by_torchrun(self) -> None:
        shutil.copy(PYTHON / "examples" / "ddp.py", self.folder)
        replica = self.serve()
        where = ["--loader", replica.address, "--schedule", replica.address, "--run-name", "synthetic", "--out", "c.pt"]
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "ddp.py", *where]
        done = subprocess.run(
            launcher, cwd=self.folder, env=environment(OMP_NUM_THREADS="1"), timeout=240,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        self.assertEqual(sorted(self.trained(done.stdout)), self.everything(ranks=2))


if __name__ == "__main__":
    unittest.main()
