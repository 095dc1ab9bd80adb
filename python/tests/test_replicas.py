"""The pool of replicas: what it leaves behind, and what a target stands for."""

from __future__ import annotations

import gc
import os
import threading
import unittest
from typing import Tuple

from tests.fleet import FleetTest


def open_things() -> Tuple[int, int]:
    """Descriptors and threads of this process."""
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()


class LeakTest(FleetTest):
    def test_passes_breaks_and_fetches_leave_descriptors_and_threads_flat(self) -> None:
        replicas = [self.replica("--steps", 3), self.replica("--steps", 3)]
        loader = self.loader(*replicas)

        def use(times: int) -> None:
            for _ in range(times):
                loader.set_epoch(0)
                self.assertEqual(len(list(loader)), 3)
                for _ in loader:
                    break
                loader.fetch(0, 1)

        # gRPC's own threads and descriptors come with the first use.
        use(5)
        before = open_things()
        use(65)
        descriptors, threads = open_things()
        self.assertLessEqual(descriptors, before[0] + 3)
        self.assertLessEqual(threads, before[1] + 1)


if __name__ == "__main__":
    unittest.main()
