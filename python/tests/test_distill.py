"""The example, killed and resumed, and with replicas that die: bit-equal weights."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, List, Tuple

from tests.fleet import PYTHON, FleetTest, Process, environment


class DistillTest(FleetTest):
    def start(self, out: Path, replicas: List[Process]) -> subprocess.Popen:
        target = ",".join(r.address for r in replicas)
        command = [sys.executable, "examples/distill.py", "--loader", target, "--schedule", target, "--run", "synthetic"]
        return subprocess.Popen(
            [*command, "--out", str(out), "--epochs", "2", "--patience", "30"],
            env=environment(), cwd=PYTHON, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def follow(self, process: subprocess.Popen, at: int = -1, act: Any = None) -> Tuple[List[float], str]:
        """Losses and the weights' digest; `act` is done after step line `at`, or after each where at is 0."""
        losses: List[float] = []
        weights, text = "", ""
        assert process.stdout is not None
        for line in process.stdout:
            text += line
            if found := re.match(r"epoch \d+ step \d+ loss (\S+)", line):
                losses.append(float(found.group(1)))
                if act is not None and at in (0, len(losses)):
                    act(len(losses))
            elif line.startswith("weights "):
                weights = line.split()[1]
        process.wait(30)
        process.stdout.close()
        if act is None:
            self.assertEqual(process.returncode, 0, text)
        return losses, weights

    def test_killed_trainers_and_replicas_change_nothing(self) -> None:
        replicas = [self.replica("--steps", 8, "--image-size", 32) for _ in range(3)]
        with tempfile.TemporaryDirectory() as folder:
            losses, undisturbed = self.follow(self.start(Path(folder) / "a.pt", replicas))
            self.assertEqual(len(losses), 16)
            self.assertLess(sum(losses[-4:]), 0.9 * sum(losses[:4]))

            resumed = Path(folder) / "b.pt"
            for at in (3, 6):
                process = self.start(resumed, replicas)
                self.follow(process, at, lambda _, p=process: os.killpg(p.pid, signal.SIGKILL))
            self.assertEqual(self.follow(self.start(resumed, replicas))[1], undisturbed)

            def replace(count: int) -> None:
                if count % 3 == 0 and count < 15:
                    index = count // 3 % 3
                    replicas[index].end()
                    replicas[index] = self.replica("--steps", 8, "--image-size", 32, "--port", replicas[index].port)

            self.assertEqual(self.follow(self.start(Path(folder) / "c.pt", replicas), 0, replace)[1], undisturbed)


if __name__ == "__main__":
    unittest.main()
