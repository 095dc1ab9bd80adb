"""The receiving process: what a trainer gets by way of it, and what is left when either of the two ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path
from typing import Any, Callable
from unittest import mock

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from tests.fleet import PYTHON, FleetTest, environment, is_running
from tests.pixels import batch_pixels
from tributary import TributaryError, receiver


def within(seconds: float, holds: Callable[[], Any]) -> bool:
    """Whether something comes to hold in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def buffers(pid: int) -> int:
    """How many batches' memory a process has open."""
    found = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found += "tributary-batch" in os.readlink(descriptor)
        except OSError:
            pass
    # Each is open twice: as itself, and under its mapping.
    return found // 2


class ReceiverTest(FleetTest):
    def test_the_same_batches_with_any_number_of_receivers(self) -> None:
        replica = self.replica("--steps", 13)
        for receivers in (0, 1, 2, 3):
            with self.subTest(receivers=receivers):
                loader = self.loader(replica, receivers=receivers, lanes=3)
                self.assert_steps(list(loader), range(13))
                self.assert_steps([loader.fetch(2, 5)], [5], epoch=2)

    def test_batches_that_are_kept_stay_as_they_are(self) -> None:
        loader = self.loader(self.replica("--steps", 40), prefetch=3)
        kept = list(loader)
        list(loader)
        self.assert_steps(kept, range(40))
        for batch in kept:
            batch.images += 1

    def test_memory_is_used_again(self) -> None:
        loader = self.loader(self.replica("--steps", 60), prefetch=4)
        loader.describe()
        self.assertTrue(within(10, lambda: buffers(receiver._receivers[0].pid) == 0))
        most = 0
        for step, batch in enumerate(loader):
            held = batch.images[0]
            del batch
            most = max(most, buffers(receiver._receivers[0].pid))
            self.assertTrue(np.array_equal(held, batch_pixels(0, step, 0, 1, 8)[0]))
        # Four read ahead, two that the trainer has, one that it has let go of since it asked last.
        self.assertLessEqual(most, 7)
        self.assertTrue(within(5, lambda: buffers(receiver._receivers[0].pid) == 0))

    def test_iterations_that_are_left_leave_no_memory(self) -> None:
        loader = self.loader(self.replica("--steps", 30))
        for _ in range(20):
            for _ in loader:
                break
            loader.set_epoch(0)
        # gRPC's own descriptors stay while its connections do.
        self.assertTrue(within(10, lambda: buffers(receiver._receivers[0].pid) == 0), buffers(receiver._receivers[0].pid))

    def test_a_receiver_that_is_killed_is_started_again(self) -> None:
        loader = self.loader(self.replica("--steps", 30), receivers=2)
        iterator = iter(loader)
        batches = [next(iterator) for _ in range(5)]
        for number in (0, 1):
            os.kill(receiver._receivers[number].pid, signal.SIGKILL)
        self.assert_steps([*batches, *iterator], range(30))

    def test_a_receiver_that_has_served_long_is_replaced_between_iterations(self) -> None:
        loader = self.loader(self.replica("--steps", 3))
        loader.describe()
        program = receiver._PROGRAM.replace("receiving.main", "receiving.RETIRES_AFTER = 2; receiving.main")
        receiver._end()
        with mock.patch.object(receiver, "_PROGRAM", program):
            pids = set()
            for epoch in range(5):
                self.assert_steps([loader.fetch(epoch, 1)], [1], epoch=epoch)
                pids.add(receiver._receivers[0].pid)
            receiver._end()
        self.assertGreaterEqual(len(pids), 2)

    def test_a_receiver_that_cannot_live_is_given_up(self) -> None:
        loader = self.loader(self.replica())
        loader.describe()
        with mock.patch.object(receiver, "_PROGRAM", "import sys; sys.exit('no room')  # {path} {descriptor} {trainer}"):
            receiver._end()
            with self.assertRaises(TributaryError) as raised:
                list(loader)
        receiver._end()
        self.assertEqual(raised.exception.reason, "INTERNAL")
        self.assertRegex(str(raised.exception), r"exit status 1: no room.*receivers=0")

    def test_nothing_is_left_of_a_trainer_that_is_killed(self) -> None:
        replica = self.replica("--steps", 5000)
        for method in ("fork", "spawn"):
            with self.subTest(method):
                script = (
                    "import multiprocessing, os, sys, time, tributary\n"
                    "if __name__ == '__main__':\n"
                    f"    batches = iter(tributary.Loader({replica.address!r}, run='synthetic'))\n"
                    "    next(batches)\n"
                    f"    child = multiprocessing.get_context({method!r}).Process(target=time.sleep, args=(30,), daemon=True)\n"
                    "    child.start()\n"
                    "    from tributary import receiver\n"
                    "    print(child.pid, receiver._receivers[0].pid, flush=True)\n"
                    "    for _ in batches: pass\n"
                )
                trainer = subprocess.Popen(
                    [sys.executable, "-c", script], env=environment(), cwd=PYTHON, stdout=subprocess.PIPE, text=True
                )
                assert trainer.stdout is not None
                other, receiving = map(int, trainer.stdout.readline().split())
                self.assertTrue(os.path.exists(f"/proc/{receiving}"))
                trainer.kill()
                trainer.wait()
                trainer.stdout.close()
                try:
                    gone = within(5, lambda pid=receiving: not is_running(pid))
                    self.assertTrue(gone, "a process outlived its trainer")
                finally:
                    os.kill(other, signal.SIGKILL)

    def test_a_trainer_forks_at_any_time(self) -> None:
        # In a process with a time limit: where a fork hangs, only the test must fail.
        replica = self.replica("--steps", 8)
        script = (
            "import torch, tributary, tests.pixels, numpy, os\n"
            "from torch.utils.data import DataLoader, TensorDataset\n"
            "def validate():\n"
            "    data = DataLoader(TensorDataset(torch.arange(8)), batch_size=2, num_workers=2)\n"
            "    assert [len(x) for x, in data] == [2, 2, 2, 2]\n"
            "if __name__ == '__main__':\n"
            f"    loader = tributary.Loader({replica.address!r}, run='synthetic', patience=20)\n"
            "    validate()\n"
            "    for epoch in range(3):\n"
            "        loader.set_epoch(epoch)\n"
            "        for batch in loader:\n"
            "            if batch.address.step == 3: validate()\n"
            "        validate()\n"
            "        inside = list(DataLoader(loader, batch_size=None, num_workers=2))\n"
            "        assert [b.address.step for b in inside] == list(range(8))\n"
            "    loader.close()\n"
            "    validate()\n"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script],
            env=environment(), cwd=PYTHON, timeout=120, capture_output=True, text=True,
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_fork_keeps_what_it_saw(self) -> None:
        loader = self.loader(self.replica("--steps", 40), prefetch=2)
        iterator = iter(loader)
        batch = next(iterator)
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            # Once the parent has streamed on, what this process has seen must be what it was.
            os.read(ours, 1)
            os._exit(0 if np.array_equal(batch.images, batch_pixels(0, 0, 0, 1, 8)) else 1)
        del batch
        self.assert_steps(list(iterator), range(1, 40))
        os.write(theirs, b"x")
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        os.close(ours)
        os.close(theirs)

    def test_an_iterator_does_not_go_on_in_a_fork(self) -> None:
        iterator = iter(self.loader(self.replica("--steps", 40)))
        next(iterator)
        pid = os.fork()
        if pid == 0:
            try:
                next(iterator)
            except TributaryError as error:
                os._exit(0 if error.reason == "STREAM_CANCELLED" else 1)
            os._exit(2)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        self.assert_steps(list(iterator), range(1, 40))

    def test_an_interrupt_of_the_terminal_leaves_the_receiver_alone(self) -> None:
        iterator = iter(self.loader(self.replica("--steps", 20)))
        next(iterator)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(receiver._receivers[0].pid, number)
        self.assert_steps(list(iterator), range(1, 20))

    def test_where_memory_cannot_be_shared_batches_come_in_process(self) -> None:
        replica = self.replica()
        with mock.patch.object(receiver, "AVAILABLE", False):
            receiver._end()
            with self.assertLogs("tributary", "INFO") as logged:
                self.assert_steps(list(self.loader(replica)), range(12))
            self.assertRegex(logged.output[0], "no receiver")
            self.assertEqual(receiver._receivers, {})

    def test_no_room_for_shared_memory_is_an_error_in_words(self) -> None:
        replica = self.replica("--steps", 30)
        script = (
            "import resource, tributary\n"
            f"loader = tributary.Loader({replica.address!r}, run='synthetic', patience=3)\n"
            "loader.describe()\n"
            "from tributary import receiver\n"
            "resource.prlimit(receiver._receivers[0].pid, resource.RLIMIT_NOFILE, (12, 12))\n"
            "try: list(loader)\n"
            "except tributary.TributaryError as error: print(error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment(), cwd=PYTHON, timeout=60, capture_output=True, text=True
        )
        self.assertRegex(done.stdout, "Too many open files")

    def test_a_data_loader_of_its_own_beside_a_stream(self) -> None:
        batches = iter(self.loader(self.replica("--steps", 10)))
        for step in range(10):
            self.assertEqual(next(batches).address.step, step)
            data = DataLoader(TensorDataset(torch.arange(4)), num_workers=1)
            self.assertEqual(len(list(data)), 4)


if __name__ == "__main__":
    unittest.main()
