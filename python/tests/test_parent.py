"""Worker processes end with their trainer, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from tests.fleet import PYTHON, FleetTest, environment, is_running

TRAINER = """
import sys, torch, tributary
if __name__ == "__main__":
    loader = tributary.Loader(sys.argv[1], run="synthetic")
    len(loader)
    data = torch.utils.data.DataLoader(loader, batch_size=None, num_workers=2, multiprocessing_context=sys.argv[2])
    iterator = iter(data)
    next(iterator)
    print(*(worker.pid for worker in iterator._workers), flush=True)
    next(iter([]), sys.stdin.read())
"""


class ParentTest(FleetTest):
    def test_workers_of_a_killed_trainer_end_within_seconds(self) -> None:
        replica = self.replica("--steps", 100000)
        for method in ("fork", "spawn", "forkserver"):
            with self.subTest(method), tempfile.NamedTemporaryFile("w", suffix=".py") as file:
                file.write(TRAINER)
                file.flush()
                trainer = subprocess.Popen(
                    [sys.executable, "-W", "ignore", file.name, replica.address, method],
                    env=environment(), cwd=PYTHON, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )  # fmt: skip
                assert trainer.stdout is not None and trainer.stdin is not None
                self.addCleanup(trainer.stdout.close)
                self.addCleanup(trainer.stdin.close)
                workers = [int(pid) for pid in trainer.stdout.readline().split()]
                self.assertEqual(len(workers), 2)
                trainer.send_signal(signal.SIGKILL)
                trainer.wait(10)
                start = time.monotonic()
                while any(map(is_running, workers)) and time.monotonic() - start < 20:
                    time.sleep(0.05)
                for pid in filter(is_running, workers):
                    os.kill(pid, signal.SIGKILL)
                self.assertLess(time.monotonic() - start, 5)


if __name__ == "__main__":
    unittest.main()
