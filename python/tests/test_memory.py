"""The memory of a client whose trainer is slow, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest
from typing import Any, Dict

from tests.fleet import PYTHON, FleetTest, environment

# Batches of 8 * 512 * 512 * 3 bytes.
BATCH = 8 * 512 * 512 * 3
STEPS = 24
# What gRPC buffers for two streams, which differs by some 15 MB from one time to the next.
SLACK = 48 << 20

# Reads /proc for what is resident, since the most that ever was includes the imports. The trainer does not take its second
# batch before all that may be held has come; then its slowness is no wait for anything: it takes a batch every 0.3 s.
SLOW_TRAINER = """
import gc, json, os, sys, threading, time
sys.modules["torch"] = None
import tributary

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

asked = json.loads(sys.argv[1])
tributary.Loader(asked["address"], run="synthetic").fetch(1, 0)
gc.collect()
before, most, held, steps = resident(), 0, 0, []
loader = tributary.Loader(asked["address"], run="synthetic", prefetch=24, receivers=0, **asked["arguments"])
iterator = iter(loader)
for batch in iterator:
    steps.append(batch.address.step)
    end = time.monotonic() + 0.3
    patience = end + 60
    while len(steps) < 8 and (time.monotonic() < end or held < asked["held"] and time.monotonic() < patience):
        most = max(most, resident() - before)
        held = max(held, len(iterator._lanes._ready))
        time.sleep(0.01)
print(json.dumps({"most": most, "held": held, "steps": steps}))
"""


class MemoryTest(FleetTest):
    def slow(self, held: int, **arguments: Any) -> Dict[str, Any]:
        replica = self.replica("--image-size", 512, "--steps", STEPS, "--chunk-bytes", 1 << 20)
        asked = json.dumps({"address": replica.address, "held": held, "arguments": arguments})
        done = subprocess.run(
            [sys.executable, "-c", SLOW_TRAINER, asked],
            # Without it, malloc keeps freed batches back, and some 30 MB more are resident than are held.
            env=environment(MALLOC_MMAP_THRESHOLD_="131072"),
            cwd=PYTHON, capture_output=True, text=True, timeout=100,
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        said: Dict[str, Any] = json.loads(done.stdout)
        self.assertEqual(said["steps"], list(range(STEPS)))
        return said

    def test_a_budget_bounds_what_a_slow_trainer_holds(self) -> None:
        budget = 4 * BATCH
        bounded = self.slow(4, budget_bytes=budget)
        # The batch that the trainer has, and the one before it until the name is bound anew, are not read ahead.
        self.assertLess(bounded["most"], budget + 2 * BATCH + SLACK)
        self.assertEqual(bounded["held"], 4)
        # Without one, prefetch is the bound: this is what the budget saves.
        self.assertGreater(self.slow(20)["most"], 1.3 * (budget + 2 * BATCH + SLACK))

    def test_a_budget_below_one_batch_still_streams_one_at_a_time(self) -> None:
        self.assertEqual(self.slow(1, budget_bytes=1, lanes=8)["held"], 1)


if __name__ == "__main__":
    unittest.main()
