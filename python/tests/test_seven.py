"""The seven sources through real servers: worker processes, the TypeScript client, and what the documentation shows."""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
from typing import Any, ClassVar, Dict, List

import torch

import tributary
from tests.fleet import PYTHON, environment
from tests.servers import ROOT, SevenTest, built
from tests.servers import tributary as command

# Forked workers come first: a process that has streamed must not fork.
WORKERS = """
import hashlib, sys
from torch.utils.data import DataLoader
import tributary

loader = tributary.Loader(sys.argv[1], run="seven")
for workers, context in ((2, "fork"), (2, "spawn"), (0, None)):
    total = hashlib.sha256()
    for epoch in (1, 0):
        loader.set_epoch(epoch)
        for batch in DataLoader(loader, batch_size=None, num_workers=workers, multiprocessing_context=context):
            total.update(repr((batch.address, batch.samples, batch.cursor, batch.labels.tolist())).encode())
            total.update(batch.images.numpy().tobytes())
    print(workers, context, total.hexdigest(), flush=True)
"""


def blocks(page: str) -> List[str]:
    """The Python blocks of a page."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


@built
class SevenSourcesTest(SevenTest):
    runs: ClassVar[Dict[str, str]] = {
        **SevenTest.runs,
        "fastvit": "recipe: dinov3, image_size: 32, global_batch: 16, epochs: 2, wd_end: 0.2",
    }

    def test_worker_processes_yield_the_same_bytes(self) -> None:
        servers = self.serve(count=2)
        done = subprocess.run(
            [sys.executable, "-c", WORKERS, ",".join(s.address for s in servers)],
            env=environment(), cwd=PYTHON, timeout=100, capture_output=True, text=True,
        )  # fmt: skip
        # On a machine that is busy it may say that it waits.
        said = [line for line in done.stderr.splitlines() if not line.startswith("waiting for ")]
        self.assertEqual((done.returncode, said), (0, []))
        lines = [line.rsplit(" ", 1) for line in done.stdout.splitlines()]
        self.assertEqual([name for name, _ in lines], ["2 fork", "2 spawn", "0 None"])
        self.assertEqual(len({digest for _, digest in lines}), 1, done.stdout)

    def test_the_typescript_client_sees_the_same_epochs(self) -> None:
        servers = self.serve(count=2)
        schedule = self.serve("schedule")[0]
        said = command(
            "train", "--address", servers[0].address, "--schedule", schedule.address, "--run", "seven", "--batches"
        )  # fmt: skip
        theirs = re.findall(r"^(\d+)-(\d+)-r0of1 ([0-9a-f]{8}) ", said, re.MULTILINE)
        loader = self.open(servers[1:])
        ours = []
        for epoch in range(2):
            loader.set_epoch(epoch)
            ours += [(b.address.epoch, b.address.step, f"{b.crc32:08x}") for b in loader]
        self.assertEqual([(int(epoch), int(step), crc) for epoch, step, crc in theirs], ours)
        self.assertEqual(len(ours), 2 * len(loader))
        decays = [float(text) for text in re.findall(r"epoch \d: weight decay (\S+)", said)]
        decay = tributary.Schedule(schedule.address, run="seven").weight_decay
        self.assertEqual(decays, [decay(0), decay(1)])

    def test_the_documentation_s_examples_run(self) -> None:
        addresses = {"50051": self.serve()[0].address, "50052": self.serve("schedule")[0].address}
        for page in ("README.md", "docs/python.md"):
            with self.subTest(page):
                code = next(block for block in blocks(page) if "tributary.Loader(" in block)
                code, replaced = re.subn(r'"[^"]*:(5005[12])"', lambda found: repr(addresses[found.group(1)]), code)
                self.assertEqual(replaced, 2)
                weight = torch.nn.Parameter(torch.ones(1))
                seen: List[Any] = []
                names: Dict[str, Any] = {
                    "rank": 0, "world_size": 1, "epochs": 2, "device": "cpu",
                    "optimizer": torch.optim.AdamW([weight], weight_decay=0.04),
                    "step": lambda images, labels, seen=seen: seen.append((images, labels)),
                }  # fmt: skip
                exec(code.replace('"cuda"', '"cpu"').replace("...", "step(images, batch.labels)"), names)
                self.assertEqual(len(seen), 2 * len(names["loader"]))
                self.assertEqual([tuple(t.shape) for t in seen[0]], [(16, 3, 32, 32), (16,)])
                self.assertEqual(seen[0][0].dtype, torch.float32)
                self.assertAlmostEqual(names["optimizer"].param_groups[0]["weight_decay"], 0.2)


if __name__ == "__main__":
    unittest.main()
