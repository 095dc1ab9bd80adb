"""The loader inside DataLoader's worker processes, and processes that end."""

from __future__ import annotations

import copy
import importlib.util
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from typing import Any, Dict, Iterator, List

import torch
from torch.utils.data import DataLoader

from tests.fleet import PYTHON, FleetTest, environment, run_python
from tributary import Batch, Loader, TributaryError

END_CASES = {
    "break": "for batch in loader: break",
    "held": "held = iter(loader); next(held)",
    "exception": "for batch in loader: raise SystemExit(0)",
    "inside a generator": "g = (b for b in loader); next(g)",
}

FORK_BESIDE_A_STREAM = """
import sys, tributary, torch
iterator = iter(tributary.Loader(sys.argv[1], run="synthetic", receivers=0))
next(iterator)
other = tributary.Loader(sys.argv[2], run="synthetic")
try:
    list(torch.utils.data.DataLoader(other, batch_size=None, num_workers=1, multiprocessing_context="fork"))
except tributary.TributaryError as error:
    print("an error that names forkserver" if "forkserver" in str(error) else error)
assert [batch.address.step for batch in iterator] == list(range(1, 50))
"""


class WorkersTest(FleetTest):
    def test_workers_give_the_steps_in_order(self) -> None:
        replica = self.replica("--steps", 11)
        # In a process of its own, because forking is safe after a question, such as the length, but not after a stream.
        script = (
            "import sys, tributary, torch, tests.pixels, numpy\n"
            "method, workers = sys.argv[1], int(sys.argv[2])\n"
            "if __name__ == '__main__':\n"
            f"    loader = tributary.Loader({replica.address!r}, run='synthetic', patience=20)\n"
            "    data = torch.utils.data.DataLoader(\n"
            "        loader, batch_size=None, num_workers=workers, multiprocessing_context=method, persistent_workers=True)\n"
            "    assert len(data) == 11\n"
            "    for epoch in (0, 3, 1):\n"
            "        loader.set_epoch(epoch)\n"
            "        batches = list(data)\n"
            "        assert [b.address for b in batches] == [(epoch, s, 0, 1) for s in range(11)], batches\n"
            "        for b in batches:\n"
            "            assert numpy.array_equal(b.images, tests.pixels.batch_pixels(epoch, b.address.step, 0, 1, 8))\n"
        )
        for method, workers in (("fork", 1), ("fork", 3), ("spawn", 2), ("forkserver", 2)):
            with self.subTest(method, workers=workers), tempfile.NamedTemporaryFile("w", suffix=".py") as file:
                file.write(script)
                file.flush()
                done = subprocess.run(
                    [sys.executable, "-W", "ignore", file.name, method, str(workers)],
                    env=environment(), cwd=PYTHON, timeout=60, capture_output=True, text=True,
                )  # fmt: skip
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_fork_while_a_stream_is_open(self) -> None:
        """Where gRPC's core runs in this process a fork is refused in its worker, or hangs for good, as in Debian 13's."""
        streaming, other = self.replica("--steps", 50), self.replica()
        try:
            done = run_python("-c", FORK_BESIDE_A_STREAM, streaming.address, other.address, seconds=30)
        except subprocess.TimeoutExpired as hung:
            self.assertIn("tributary: this process forks", str(hung.stderr))
        else:
            self.assertEqual((done.returncode, done.stdout), (0, "an error that names forkserver\n"), done.stderr)

    def test_other_workers_while_a_stream_is_open(self) -> None:
        iterator = iter(self.loader(self.replica("--steps", 50), receivers=0))
        next(iterator)
        data = DataLoader(self.loader(self.replica()), batch_size=None, num_workers=1, multiprocessing_context="forkserver")
        self.assert_steps(list(data), range(12))
        self.assert_steps(list(iterator), range(1, 50))

    def test_an_error_in_a_worker_keeps_its_type(self) -> None:
        loader = self.loader(self.replica("--corrupt-sample", "4"))
        data = DataLoader(loader, batch_size=None, num_workers=2, multiprocessing_context="spawn")
        with self.assertRaises(TributaryError) as raised:
            list(data)
        self.assertEqual((raised.exception.reason, raised.exception.message), ("SAMPLE_CORRUPT", "step 4"))

    def test_a_batch_of_a_worker_brings_its_state(self) -> None:
        replica = self.replica()
        loader = self.loader(replica)
        for stop in (1, 5):
            loader.set_epoch(0)
            data = iter(DataLoader(loader, batch_size=None, num_workers=3, multiprocessing_context="forkserver"))
            for _ in range(stop):
                batch = next(data)
            del data
            for workers in (0, 2):
                again = self.loader(replica)
                again.load_state_dict(batch.state_dict())
                context = "forkserver" if workers else None
                tail = DataLoader(again, batch_size=None, num_workers=workers, multiprocessing_context=context)
                self.assert_steps(list(tail), range(stop, 12))

    def test_stateful_data_loader_protocol(self) -> None:
        """As torchdata's StatefulDataLoader has it: the state of each worker's dataset is taken after each batch, given to a
        new one before it is iterated, and the round robin goes on with the worker whose turn it is.
        """
        replica = self.replica("--steps", 11)
        for workers in (1, 2, 3):
            for stop in range(12):
                with self.subTest(workers=workers, stop=stop):
                    pool = Pool(self.loader(replica), workers, {})
                    head = [pool.step() for _ in range(stop)]
                    again = Pool(self.loader(replica), workers, pool.states, turn=pool.turn)
                    tail: List[Batch] = []
                    while (batch := again.step()) is not None:
                        tail.append(batch)
                    self.assert_steps([*head, *tail], range(11))
                    pool.close()
                    again.close()

    @unittest.skipUnless(importlib.util.find_spec("torchdata"), "torchdata is not installed")
    def test_stateful_data_loader_of_torchdata(self) -> None:
        from torchdata.stateful_dataloader import StatefulDataLoader

        replica = self.replica("--steps", 7)
        for workers, stop in ((0, 3), (2, 3)):
            with self.subTest(workers=workers):
                context = "forkserver" if workers else None
                arguments = {"batch_size": None, "num_workers": workers, "multiprocessing_context": context}
                data = StatefulDataLoader(self.loader(replica), **arguments)
                iterator = iter(data)
                head = [next(iterator) for _ in range(stop)]
                state = data.state_dict()
                del iterator, data
                again = StatefulDataLoader(self.loader(replica), **arguments)
                again.load_state_dict(state)
                self.assert_steps([*head, *again], range(7))

    def test_the_process_ends(self) -> None:
        replica = self.replica("--steps", 1000)
        for name, code in END_CASES.items():
            script = f"import tributary\nloader = tributary.Loader({replica.address!r}, run='synthetic')\n{code}\n"
            with self.subTest(name):
                done = subprocess.run(
                    [sys.executable, "-c", script], env=environment(), cwd=PYTHON, timeout=60, capture_output=True, text=True
                )
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_control_c(self) -> None:
        replica = self.replica("--hang", "1")
        script = (
            # What a shell starts in the background ignores the signal, and so would its children.
            "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            f"import tributary\nloader = tributary.Loader({replica.address!r}, run='synthetic')\n"
            "for batch in loader: print('got', flush=True)\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            env=environment(),
            cwd=PYTHON,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None and process.stderr is not None
        self.assertEqual(process.stdout.readline(), "got\n")
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        self.assertLess(time.monotonic() - start, 3)
        self.assertTrue(errors.rstrip().endswith("KeyboardInterrupt"), errors)


class Pool:
    """The part of StatefulDataLoader that concerns a dataset, in one process: worker states and the round robin."""

    def __init__(self, loader: Loader, workers: int, states: Dict[int, Any], turn: int = 0):
        self.turn = turn
        self.states = dict(states)
        self.iterators: List[Iterator[Batch]] = []
        self.datasets: List[Loader] = []
        self.live = set(range(workers))
        for worker in range(workers):
            with as_worker(worker, workers):
                dataset = copy.deepcopy(loader)
                if worker in states:
                    dataset.load_state_dict(states[worker])
                self.datasets.append(dataset)
                self.iterators.append(iter(dataset))

    def step(self) -> Any:
        while self.live:
            worker = self.turn % len(self.iterators)
            self.turn += 1
            if worker not in self.live:
                continue
            with as_worker(worker, len(self.iterators)):
                batch = next(self.iterators[worker], None)
                self.states[worker] = self.datasets[worker].state_dict()
            if batch is not None:
                return batch
            self.live.discard(worker)
        return None

    def close(self) -> None:
        for dataset in self.datasets:
            dataset.close()


class as_worker:  # noqa: N801
    """Makes `get_worker_info` answer as in a worker process."""

    def __init__(self, worker: int, count: int):
        self.info = torch.utils.data._utils.worker.WorkerInfo(id=worker, num_workers=count, seed=0, dataset=None)

    def __enter__(self) -> None:
        torch.utils.data._utils.worker._worker_info = self.info

    def __exit__(self, *_: Any) -> None:
        torch.utils.data._utils.worker._worker_info = None


if __name__ == "__main__":
    unittest.main()
