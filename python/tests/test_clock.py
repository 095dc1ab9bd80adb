"""Time in which the client ran: a trainer that was suspended has been failed by nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

from tests.fleet import PYTHON, FleetTest, environment
from tributary.clock import Clock

TRAINER = """
import sys, tributary
times = dict(patience=1, stall_timeout=0.6, connect_timeout=1)
if sys.argv[2] == "schedule":
    print("begun", flush=True)
    print(len(tributary.Schedule(sys.argv[1], run="synthetic", patience=1, connect_timeout=1)), flush=True)
else:
    for batch in tributary.Loader(sys.argv[1], run="synthetic", **times):
        print(batch.address.step, flush=True)
"""


class ClockTest(unittest.TestCase):
    def test_a_long_gap_counts_as_one_tick(self) -> None:
        times = iter([100.0, 100.5, 101.0, 150.0, 150.5, 151.4])
        with mock.patch("tributary.clock.time.monotonic", lambda: next(times)):
            clock = Clock()
            for expected in (0.5, 1.0, 1.1, 1.6, 2.5):
                self.assertAlmostEqual(clock.now(), expected)

    def test_after_a_long_gap_there_is_time_to_ask_afresh(self) -> None:
        times = iter([0.0, 0.9, 1.8, 9.0, 9.5, 9.9, 10.3])
        with mock.patch("tributary.clock.time.monotonic", lambda: next(times)):
            clock = Clock()
            found = [clock.waited(0, 1.5, again) for again in (1, 1, 1, 1, 1, 1)]
        self.assertEqual(found, [False, True, False, False, False, True])

    def test_it_ticks_while_the_caller_blocks(self) -> None:
        clock = Clock()
        with clock.ticking():
            time.sleep(1.3)
        self.assertGreater(clock.now(), 1.2)
        self.assertEqual([t.name for t in threading.enumerate() if t.name == "tributary-clock"], [])


class SuspendedTest(FleetTest):
    def test_a_trainer_that_was_suspended_for_longer_than_its_patience_goes_on(self) -> None:
        replica = self.replica("--delay", 0.2, "--steps", 20)
        process = self.trainer(replica.address, "loader")
        assert process.stdout is not None
        for suspended in range(3):
            self.assertEqual(process.stdout.readline(), f"{suspended}\n")
            os.killpg(process.pid, signal.SIGSTOP)
            time.sleep(2.5)
            os.killpg(process.pid, signal.SIGCONT)
        self.assertEqual(process.stdout.read().split(), [str(step) for step in range(3, 20)])

    def test_a_question_outlives_a_suspension(self) -> None:
        replica = self.replica("--answer-delay", 0.7)
        process = self.trainer(replica.address, "schedule")
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), "begun\n")
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(2.5)
        os.killpg(process.pid, signal.SIGCONT)
        self.assertEqual(process.stdout.read(), "5\n")

    def trainer(self, address: str, kind: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", TRAINER, address, kind],
            env=environment(), cwd=PYTHON, stdout=subprocess.PIPE, text=True,
            # Slurm suspends all processes of a job; here, those of a session.
            start_new_session=True,
        )  # fmt: skip

        def end() -> None:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

        self.addCleanup(end)
        return process


if __name__ == "__main__":
    unittest.main()
