"""Which epoch an iteration streams: set or counted, in one process or several, from the start or resumed."""

from __future__ import annotations

import importlib.util
import pickle
import tempfile
import unittest

from tests.fleet import FleetTest, run_python
from tributary.epochs import Epochs, Worker

STEPS, EPOCHS = 5, 3

# Trains three epochs with a checkpoint in the second, in a process of its own: forking is safe there.
GRID = """
import sys, torch, tributary
address, kind, workers, persistent = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "persistent"
if kind == "StatefulDataLoader":
    from torchdata.stateful_dataloader import StatefulDataLoader

def make():
    loader = tributary.Loader(address, run="synthetic", epoch=0, patience=20)
    len(loader)
    if kind == "Loader":
        return loader, loader
    made = torch.utils.data.DataLoader if kind == "DataLoader" else StatefulDataLoader
    return loader, made(loader, batch_size=None, num_workers=workers, persistent_workers=persistent)

def train(loader, data, epochs, set_epoch, taken, stop=None):
    last = None
    for epoch in epochs:
        if set_epoch:
            loader.set_epoch(epoch)
        if stop == (epoch, 0):
            break
        for batch in data:
            last = batch
            taken.append(tuple(batch.address[:2]))
            if stop == (epoch, batch.address.step + 1):
                break
        else:
            continue
        break
    if kind == "StatefulDataLoader":
        return data.state_dict()
    # Worker processes read ahead of the main process, whose loader does not know how far it has come.
    return last.state_dict() if workers else loader.state_dict()

for set_epoch in (True, False):
    for stop in ((1, 0), (1, 2), (1, 5)):
        taken = []
        loader, data = make()
        state = train(loader, data, range(3), set_epoch, taken, stop)
        loader.close()
        loader, data = make()
        (data if kind == "StatefulDataLoader" else loader).load_state_dict(state)
        # Where nothing of the epoch is left, a trainer goes on with the next one, or goes through it for nothing.
        train(loader, data, range(1, 3), set_epoch, taken)
        if len(taken) < 15:
            train(loader, data, [3], False, taken)
        assert taken[:15] == [(e, s) for e in range(3) for s in range(5)], (set_epoch, stop, taken)
"""


class GridTest(FleetTest):
    def test_every_epoch_once_whatever_is_set_and_wherever_it_is_resumed(self) -> None:
        replica = self.replica("--steps", STEPS)
        kinds = ["DataLoader"] + (["StatefulDataLoader"] if importlib.util.find_spec("torchdata") else [])
        cases = [("Loader", "0", "")] + [(k, w, p) for k in kinds for w, p in (("0", ""), ("2", ""), ("2", "persistent"))]
        for case in cases:
            with self.subTest(case):
                self.run_script(GRID, replica.address, *case)

    def test_an_iterator_that_was_made_before_set_epoch_honours_it(self) -> None:
        loader = self.loader(self.replica("--steps", STEPS))
        iterator = iter(loader)
        loader.set_epoch(2)
        self.assert_steps(list(iterator), range(STEPS), epoch=2)
        self.assertEqual(loader.epoch, 3)

    def test_the_epoch_counts_up_after_the_end_and_after_a_break(self) -> None:
        loader = self.loader(self.replica("--steps", STEPS))
        self.assertEqual(loader.epoch, 0)
        for batch in loader:
            self.assertEqual((batch.address.epoch, loader.epoch), (0, 0))
        for batch in loader:
            self.assertEqual((batch.address.epoch, loader.epoch), (1, 1))
            break
        self.assertEqual(loader.epoch, 2)
        self.assert_steps(list(loader), range(STEPS), epoch=2)
        loader.set_epoch(2)
        self.assert_steps(list(loader), range(STEPS), epoch=2)

    def test_ranks_that_were_spawned_or_forked_count_by_themselves(self) -> None:
        replica = self.replica("--steps", STEPS)
        for method in ("spawn", "fork"):
            with self.subTest(method), tempfile.NamedTemporaryFile("w", suffix=".py") as file:
                file.write(RANKS)
                file.flush()
                self.run_script(None, file.name, replica.address, method)

    def test_a_loader_takes_nothing_of_dev_shm(self) -> None:
        script = "import tributary; loader = tributary.Loader('loader:1', run='r'); print(open('/proc/self/maps').read())"
        self.assertNotIn("/dev/shm", run_python("-c", script).stdout)

    def run_script(self, script: object, *arguments: str) -> None:
        done = run_python(*(["-c", str(script)] if script else []), *arguments, seconds=300)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


RANKS = """
import sys, torch, tributary

def rank(loader, number):
    torch.manual_seed(0)
    data = torch.utils.data.DataLoader(loader, batch_size=None, num_workers=2, multiprocessing_context="fork")
    for epoch in range(2):
        found = [batch.address[:2] for batch in data]
        assert found == [(epoch, step) for step in range(5)], (number, epoch, found)

if __name__ == "__main__":
    loader = tributary.Loader(sys.argv[1], run="synthetic", patience=20)
    len(loader)
    context = torch.multiprocessing.get_context(sys.argv[2])
    ranks = [context.Process(target=rank, args=(loader, number)) for number in range(2)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join()
    assert [process.exitcode for process in ranks] == [0, 0]
"""


class EpochsTest(unittest.TestCase):
    def test_siblings_join_and_the_next_iteration_has_the_next_epoch(self) -> None:
        epochs = Epochs(0)
        first, second = Worker(7, 1, 0), Worker(7, 1, 1)
        self.assertEqual([epochs.begin(w, 5) for w in (first, second)], [(0, 0), (0, 0)])
        # Workers that live on, and new ones.
        self.assertEqual([epochs.begin(Worker(7, 2, n), 5) for n in (1, 0)], [(1, 0), (1, 0)])
        self.assertEqual([epochs.begin(Worker(8, 1, n), 5) for n in (1, 0)], [(2, 0), (2, 0)])
        # New ones of a DataLoader that was seeded alike.
        self.assertEqual([epochs.begin(Worker(8, 1, n), 5) for n in (0, 1)], [(3, 0), (3, 0)])

    def test_the_end_of_an_epoch_is_the_next_ones_start_unless_it_was_named(self) -> None:
        for named, expected in ((False, (3, 0)), (True, (2, 5))):
            epochs = Epochs(0)
            epochs.set(2, 5, named)
            self.assertEqual(epochs.begin(None, 5), expected)
            self.assertEqual(epochs.epoch, expected[0] + 1)

    def test_a_copy_counts_by_itself(self) -> None:
        epochs = Epochs(4)
        copy = pickle.loads(pickle.dumps(epochs))
        epochs.set(9, 0, True)
        self.assertEqual((epochs.epoch, copy.epoch), (9, 4))


if __name__ == "__main__":
    unittest.main()
