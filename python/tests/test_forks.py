"""Forks beside a stream. In a process of its own with a limit, so that one that hangs stops nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import unittest
from typing import Tuple

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
    def said(self, when: str, support: str) -> Tuple[bool, str]:
        """Whether the process came to its end, and what it said."""
        replica = self.replica("--steps", 1000, "--delay", 0.01)
        try:
            return True, run_python("-c", FORK, replica.address, when, seconds=20, GRPC_ENABLE_FORK_SUPPORT=support).stderr
        except subprocess.TimeoutExpired as hung:
            return False, str(hung.stderr)

    def test_a_fork_that_may_hang_is_told_before(self) -> None:
        replica = self.replica("--steps", 1000, "--delay", 0.01)
        # Where the fork hangs the process never ends by itself.
        with start_python("-c", FORK, replica.address, "open", GRPC_ENABLE_FORK_SUPPORT="1") as process:
            limit = threading.Timer(60, lambda: os.killpg(process.pid, signal.SIGKILL))
            limit.start()
            said = process.stderr.readline() if process.stderr else ""
            limit.cancel()
            os.killpg(process.pid, signal.SIGKILL)
        self.assertRegex(said, "^tributary: this process forks.*GRPC_ENABLE_FORK_SUPPORT.*forkserver")

    def test_other_forks_are_not(self) -> None:
        for when, support in (("closed", "1"), ("open", "0")):
            with self.subTest(when, support=support):
                ended, said = self.said(when, support)
                # gRPC's own core, which this process has chosen to stream by, may say a word of its own as it forks.
                # Debian 13's hangs in any fork.
                (self.assertNotIn if ended else self.assertIn)("tributary: this process forks", said)


if __name__ == "__main__":
    unittest.main()
