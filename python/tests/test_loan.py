"""Memory that a receiver lends to a replica on its own host."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import unittest
import urllib.request
from pathlib import Path
from typing import Any, ClassVar, Dict, List, Sequence, Tuple

import numpy as np

from tests.fleet import environment, run_python
from tests.servers import Server, SevenTest, built
from tests.test_receiver import buffers, within
from tributary import TributaryError, receiver
from tributary.loan import Loan
from tributary.shared import Lent

# A process number of its own makes a replica unable to see the trainer, as a container does.
APART = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def may_be_apart() -> bool:
    """Whether this process may start others in namespaces of their own."""
    return (
        shutil.which("unshare") is not None
        and subprocess.run([*APART, "true"], check=False, capture_output=True).returncode == 0
    )


def bytes_of(server: Server) -> Tuple[int, int]:
    """How many bytes a replica has sent, and how many of these it wrote into lent memory."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics") as answer:
        text = answer.read().decode()
    sent, lent = (re.search(rf"(?m)^tributary_bytes_{name}_total (\S+)$", text) for name in ("sent", "lent"))
    assert sent and lent
    return int(float(sent.group(1))), int(float(lent.group(1)))


def opened_of_others(pid: int) -> List[str]:
    """What a replica has open of clients' memory, pipes and processes."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            name = os.readlink(descriptor)
        except OSError:
            continue
        # Clients' memory is in memfds; what a replica has in /dev/shm is for its own decoders.
        if "memfd:tributary-" in name or re.fullmatch(r"/proc/\d+/fd", name):
            found.append(name)
    return found


# Has the collector run at every allocation, and so in the midst of everything, with something to drop.
COLLECTED = """
import gc
from tributary.shared import Lent

lent = Lent()
gc.set_threshold(1)
for _ in range(500):
    cycle = [lent.take(8)]
    cycle.append(cycle)
print("done")
"""


def digests(batches: Any) -> List[Tuple[Any, ...]]:
    return [(b.address, b.crc32, np.asarray(b.images).tobytes(), np.asarray(b.labels).tolist()) for b in batches]


class LoanTest(unittest.TestCase):
    def test_what_was_not_filled_is_not_used_again(self) -> None:
        lent = Lent()
        loan = Loan(lent, 100)
        loan.reach(2)
        first, second = (lent.descriptor(array) for array in loan._offered_arrays.values())
        filled = loan.filled(first)
        # Somebody who writes on must not be seen.
        kept = os.dup(second)
        loan.close()
        del filled
        again = [lent.take(100), lent.take(100)]
        os.pwrite(kept, b"x" * 100, 0)
        os.close(kept)
        self.assertEqual([bytes(array) for array in again], [bytes(100)] * 2)
        lent.close()

    def test_the_collector_may_drop_arrays_at_any_moment(self) -> None:
        done = run_python("-c", COLLECTED, seconds=60)
        self.assertEqual((done.stdout, done.stderr), ("done\n", ""))

    def test_a_buffer_that_was_not_lent_breaks_the_contract(self) -> None:
        lent = Lent()
        loan = Loan(lent, 100)
        loan.reach(1)
        with self.assertRaisesRegex(TributaryError, "INTERNAL.*a buffer that was lent"):
            loan.filled(-1)
        loan.close()
        lent.close()


@built
class LendingTest(SevenTest):
    runs: ClassVar[Dict[str, str]] = {
        **SevenTest.runs,
        "uneven": "recipe: dinov3, image_size: 32, global_batch: 6, epochs: 1",
    }

    def measured(self, via: Sequence[str] = ()) -> Server:
        """A replica whose metrics can be asked for."""
        metrics = ("--metrics-listen", "127.0.0.1:0")
        server = Server("serve", "--config", self.config, "--workers", "1", *metrics, via=via)
        self.addCleanup(server.end)
        return server.wait()

    def test_the_same_batches_through_lent_memory(self) -> None:
        server = self.measured()
        by_wire = self.open([server], receivers=0)
        expected = digests(by_wire)
        sent, lent = bytes_of(server)
        self.assertEqual(lent, 0)
        loader = self.open([server], lanes=2, receivers=1)
        self.assertEqual(digests(loader), expected)
        self.assertEqual(bytes_of(server), (2 * sent, sent))
        kept = list(loader)
        by_wire.set_epoch(1)
        self.assertEqual(digests(kept), digests(by_wire))
        self.assertTrue(within(5, lambda: opened_of_others(server.process.pid) == []), opened_of_others(server.process.pid))

    def test_a_last_batch_of_another_size_comes_in_chunks(self) -> None:
        server = self.measured()
        expected = digests(self.open([server], run="uneven", evaluate=True, receivers=0))
        before, _ = bytes_of(server)
        self.assertNotEqual(len(expected[0][2]), len(expected[-1][2]))
        self.assertEqual(digests(self.open([server], run="uneven", evaluate=True, receivers=1)), expected)
        sent, lent = bytes_of(server)
        self.assertEqual(sent - before - lent, len(expected[-1][2]))

    @unittest.skipUnless(may_be_apart(), "namespaces are not permitted here")
    def test_a_replica_that_cannot_see_the_trainer_sends(self) -> None:
        server = self.measured(via=APART)
        batches = digests(self.open([server], receivers=1))
        self.assertEqual(batches, digests(self.open([server], receivers=0)))
        self.assertEqual(bytes_of(server)[1], 0)

    def test_a_replica_that_is_killed_in_the_middle(self) -> None:
        servers = [self.measured(), self.measured()]
        expected = digests(self.open(servers, receivers=0))
        loader = self.open(servers, lanes=2, receivers=1)
        iterator = iter(loader)
        batches = [next(iterator), next(iterator)]
        servers[0].process.kill()
        self.assertEqual(digests([*batches, *iterator]), expected)
        del batches, iterator
        pid = receiver._receivers[0].pid
        self.assertTrue(within(10, lambda: buffers(pid) == 0), buffers(pid))

    def test_a_trainer_that_is_killed_leaves_nothing_with_the_replica(self) -> None:
        server = self.measured()
        code = (
            "import os, sys, tributary\n"
            f"iterator = iter(tributary.Loader('{server.address}', run='seven', receivers=1))\n"
            "kept = next(iterator)\n"
            "print('streams', flush=True)\n"
            "sys.stdin.read()\n"
        )
        trainer = subprocess.Popen(
            [sys.executable, "-c", code], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert trainer.stdin is not None and trainer.stdout is not None
        with trainer.stdin, trainer.stdout:
            self.assertEqual(trainer.stdout.readline(), "streams\n")
            self.assertGreater(bytes_of(server)[1], 0)
            trainer.send_signal(signal.SIGKILL)
            trainer.wait(10)
        self.assertTrue(within(10, lambda: opened_of_others(server.process.pid) == []), opened_of_others(server.process.pid))
        self.assertEqual(len(list(self.open([server], receivers=1))), 7)


if __name__ == "__main__":
    unittest.main()
