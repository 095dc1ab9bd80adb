"""The example of several views on real servers, killed and resumed, to bit-equal weights."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import ClassVar, Dict, List, NamedTuple, Optional

from tests.fleet import PYTHON, environment
from tests.servers import SevenTest, built


class Ended(NamedTuple):
    """What a training said: the loss of each step, and the digest of the weights once it was through."""

    losses: Dict[str, float]
    weights: Optional[str]


@built
class DinoTest(SevenTest):
    runs: ClassVar[Dict[str, str]] = {
        "dino": "recipe: dinov3_vitl, global_size: 64, local_size: 32, local_count: 4, global_batch: 8, epochs: 2"
    }

    def setUp(self) -> None:
        super().setUp()
        self.replicas = [self.start() for _ in range(2)]
        self.schedule = self.serve("schedule")[0]
        for replica in self.replicas:
            replica.wait()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def train(self, out: str, kill_after: Optional[int] = None) -> Ended:
        """Trains to the end, or is killed once so many steps were done."""
        process = subprocess.Popen(
            [
                sys.executable, "examples/dino.py", "--run", "dino", "--schedule", self.schedule.address,
                "--loader", ",".join(replica.address for replica in self.replicas), "--out", str(self.folder / out),
            ],
            env=environment(), cwd=PYTHON, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        losses: Dict[str, float] = {}
        weights = None
        lines: List[str] = []
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line)
                if found := re.match(r"(epoch \d+ step \d+) loss (\S+)", line):
                    losses[found.group(1)] = float(found.group(2))
                elif found := re.match(r"weights (\S+)", line):
                    weights = found.group(1)
                if kill_after is not None and len(losses) >= kill_after:
                    process.kill()
            code = process.wait(30)
        finally:
            process.kill()
            process.wait(10)
            process.stdout.close()
        self.assertEqual(code, -9 if kill_after is not None else 0, "".join(lines))
        return Ended(losses, weights)

    def test_killed_and_resumed_to_equal_weights(self) -> None:
        whole = self.train("whole.pt")
        self.assertIsNotNone(whole.weights)
        self.assertTrue(all(map(math.isfinite, whole.losses.values())), whole.losses)
        self.assertEqual(len(whole.losses), 2 * len(self.open(self.replicas, "dino")))
        for steps in (1, 3):
            seen = self.train("killed.pt", steps).losses
            self.assertEqual(seen, {step: whole.losses[step] for step in seen})
        self.replicas[0].end()
        self.assertEqual(self.train("killed.pt").weights, whole.weights)


if __name__ == "__main__":
    unittest.main()
