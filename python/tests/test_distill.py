"""The example on real servers and seven sources: killed and resumed, and with replicas that die, to bit-equal weights.

`TRIBUTARY_KILL_AT=all` kills it after every step there is, one after the other; the tests of every day choose some.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import torch

from tests.fleet import PYTHON, environment
from tests.servers import Server, SevenTest, built


class Ended(NamedTuple):
    """What a training said: the loss of each step, the weight decay of each epoch, the digest of the weights."""

    losses: Dict[int, float]
    weight_decays: Dict[int, str]
    weights: str


@built
class DistillTest(SevenTest):
    checkpoints: Path
    steps = 7

    def setUp(self) -> None:
        super().setUp()
        self.replicas = [self.start() for _ in range(3)]
        self.schedule = self.serve("schedule")[0]
        for replica in self.replicas:
            replica.wait()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.checkpoints = Path(folder.name)

    def train(
        self, out: str, act: Optional[Callable[[subprocess.Popen, int], None]] = None, codes: Sequence[int] = (0,)
    ) -> Ended:
        """Trains until the end, which must have one of these codes; `act` is done after each step, with the number of steps
        since the start of the first epoch.
        """
        command = [
            sys.executable, "examples/distill.py", "--run", "seven", "--schedule", self.schedule.address, "--patience", "30",
            "--loader", ",".join(r.address for r in self.replicas), "--out", str(self.checkpoints / out),
        ]  # fmt: skip
        process = subprocess.Popen(
            command, env=environment(), cwd=PYTHON, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        ended = Ended({}, {}, "")
        text = ""
        assert process.stdout is not None
        try:
            for line in process.stdout:
                text += line
                if found := re.match(r"epoch (\d+) step (\d+) loss (\S+)", line):
                    step = int(found.group(1)) * self.steps + int(found.group(2)) + 1
                    ended.losses[step] = float(found.group(3))
                    if act is not None:
                        act(process, step)
                elif found := re.match(r"epoch (\d+) weight decay (.*)", line):
                    ended.weight_decays[int(found.group(1))] = found.group(2)
                elif found := re.match(r"weights (\S+)", line):
                    ended = ended._replace(weights=found.group(1))
            self.assertIn(process.wait(30), codes, text)
        finally:
            kill(process)
            process.wait(10)
            process.stdout.close()
        return ended

    def test_killed_trainers_and_replicas_change_nothing(self) -> None:
        self.assertEqual(len(self.open(self.replicas)), self.steps)
        undisturbed = self.train("undisturbed.pt")
        total = 2 * self.steps
        losses = [undisturbed.losses[step] for step in range(1, total + 1)]
        self.assertLess(sum(losses[-4:]), 0.9 * sum(losses[:4]), losses)
        with self.subTest("the weight decay is the schedule's, and not that of groups without one"):
            self.assertEqual(undisturbed.weight_decays, {0: "0.04, 0.0", 1: "0.2, 0.0"})
            groups = torch.load(self.checkpoints / "undisturbed.pt")["optimizer"]["param_groups"]
            self.assertEqual([group["weight_decay"] for group in groups], [0.2, 0.0])

        # One training, killed again and again: each time it goes on from what the last one left.
        chosen = {1, self.steps, total, *random.Random(1).sample(range(2, total), 2)}
        stops = range(1, total + 1) if os.environ.get("TRIBUTARY_KILL_AT") == "all" else sorted(chosen)
        for stop in stops:

            def kill_at(process: subprocess.Popen, step: int, stop: int = stop) -> None:
                if step >= stop:
                    kill(process)

            # After the last step it may end before it is killed.
            seen = self.train("killed.pt", kill_at, (-signal.SIGKILL, 0) if stop == total else (-signal.SIGKILL,)).losses
            for step, loss in seen.items():
                self.assertEqual(loss, undisturbed.losses[step], f"step {step}, killed after {stop}")
        self.assertEqual(self.train("killed.pt").weights, undisturbed.weights)

        started: List[Server] = []

        def replace(_: Any, step: int) -> None:
            if step % 3 == 0:
                index = step // 3 % len(self.replicas)
                self.replicas[index].end()
                self.replicas[index] = self.start(port=self.replicas[index].port)
                started.append(self.replicas[index])

        self.assertEqual(self.train("replaced.pt", replace).weights, undisturbed.weights)
        self.assertEqual(len(started), total // 3)


def kill(process: subprocess.Popen) -> None:
    """Kills a training with all of its ranks."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


if __name__ == "__main__":
    unittest.main()
