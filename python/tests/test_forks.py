"""Forks beside a stream. In a process of its own with a limit, so that one that hangs stops nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import unittest

from tests.fleet import FleetTest, run_python, start_python

FORK = """
import os, sys, tributary
iterator = iter(tributary.Loader(sys.argv[1], run="synthetic", receivers=0))
next(iterator)
if sys.argv[2] == "closed":
    iterator.close()
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
iterator.close()
"""


class ForkTest(FleetTest):
    def test_a_fork_that_may_hang_is_told_before(self) -> None:
        replica = self.replica("--steps", 1000, "--delay", 0.01)
        for when in ("open", "closed"):
            # Where the fork hangs the process never ends by itself.
            with self.subTest(when), start_python("-c", FORK, replica.address, when, GRPC_ENABLE_FORK_SUPPORT="1") as process:
                limit = threading.Timer(60, lambda pid=process.pid: os.killpg(pid, signal.SIGKILL))
                limit.start()
                said = process.stderr.readline() if process.stderr else ""
                limit.cancel()
                os.killpg(process.pid, signal.SIGKILL)
                self.assertRegex(said, "^tributary: this process forks.*GRPC_ENABLE_FORK_SUPPORT.*forkserver")

    def test_others_are_not_where_they_come_to_their_end(self) -> None:
        replica = self.replica("--steps", 1000, "--delay", 0.01)
        try:
            said = run_python("-c", FORK, replica.address, "open", seconds=20, GRPC_ENABLE_FORK_SUPPORT="0").stderr
        except subprocess.TimeoutExpired as hung:
            self.assertIn("tributary: this process forks", str(hung.stderr))
        else:
            # gRPC's own core, which this process has chosen to stream by, may say a word of its own as it forks.
            self.assertNotIn("tributary: this process forks", said)


if __name__ == "__main__":
    unittest.main()
