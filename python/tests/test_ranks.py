"""Which rank a process is, and that no two stream one share unnoticed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from typing import List
from unittest import mock

from tests.fleet import PYTHON, FleetTest, environment
from tributary import Loader, TributaryError
from tributary.ranks import of_launcher

# A loader that is made before the process group, as Lightning and srun have it.
EARLY = """
import sys, torch, tributary

def main(address, number, count, file, arguments, *method):
    loader = tributary.Loader(address, run="synthetic", patience=20, **eval(arguments))
    torch.distributed.init_process_group("gloo", init_method="file://" + file, rank=int(number), world_size=int(count))
    if method:
        loader = torch.utils.data.DataLoader(loader, batch_size=None, num_workers=1, multiprocessing_context=method[0])
    try:
        print([tuple(batch.address) for batch in loader])
    except tributary.TributaryError as error:
        print(error)
    # Nobody is left waiting for whoever does not come here.
    torch.distributed.barrier()

if __name__ == "__main__":
    main(*sys.argv[1:])
"""


class GroupTest(FleetTest):
    def run_group(self, count: int, arguments: str, *more: str) -> List[str]:
        replica = self.replica("--steps", 2)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "early.py")
            with open(path, "w") as file:
                file.write(EARLY)
            command = [sys.executable, "-W", "ignore", path, replica.address]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            processes = [
                subprocess.Popen(
                    [*command, str(number), str(count), f"{folder}/store", arguments, *more],
                    env=environment(), cwd=PYTHON, **pipes,
                )
                for number in range(count)
            ]  # fmt: skip
            for process in processes:
                self.addCleanup(process.kill)
            found = [process.communicate(timeout=120) for process in processes]
        self.said = [errors for _, errors in found]
        self.assertEqual([process.returncode for process in processes], [0] * count, self.said)
        return [out.strip() for out, _ in found]

    def test_a_loader_that_was_made_before_its_group_streams_each_ranks_share(self) -> None:
        expected = [str([(0, step, rank, 2) for step in range(2)]) for rank in range(2)]
        self.assertEqual(self.run_group(2, "{}"), expected)
        for method in ("fork", "spawn"):
            with self.subTest(method):
                self.assertEqual(self.run_group(2, "{}", method), expected)

    def test_two_processes_with_one_share_where_there_is_one_for_each(self) -> None:
        found = sorted(self.run_group(2, "dict(rank=1, world_size=2)"), key=lambda line: line.startswith("RANK_INVALID"))
        self.assertEqual(found[0], str([(0, step, 1, 2) for step in range(2)]))
        self.assertRegex(found[1], "RANK_INVALID: expected another share .* but got rank 1 of 2 in its processes")

    def test_fewer_shares_than_processes_are_only_said(self) -> None:
        self.assertEqual(self.run_group(2, "dict(rank=0, world_size=1)"), [str([(0, s, 0, 1) for s in range(2)])] * 2)
        self.assertEqual(sum("both stream rank 0 of 1" in errors for errors in self.said), 1, self.said)


class LauncherTest(unittest.TestCase):
    def test_what_launchers_say(self) -> None:
        torchrun = {"RANK": "3", "WORLD_SIZE": "4"}
        # srun's task 2 of 4 in a job of 8; a batch script of that job; a shell that srun started; salloc's.
        step = {"SLURM_PROCID": "2", "SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_ID": "0"}
        batch = {"SLURM_PROCID": "0", "SLURM_NTASKS": "8", "SLURM_JOB_ID": "7"}
        for given, expected in (
            ({}, (0, 1)),
            (torchrun, (3, 4)),
            ({"RANK": "-1"}, (0, 1)),
            ({"RANK": "0", "WORLD_SIZE": "1", **step}, (0, 1)),
            (step, (2, 4)),
            ({**step, **torchrun}, (3, 4)),
            (batch, (0, 1)),
            ({**step, "SLURM_PROCID": "0", "SLURM_PTY_PORT": "41000"}, (0, 1)),
            ({**step, "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}, (0, 1)),
            ({**batch, "OMPI_COMM_WORLD_RANK": "5", "OMPI_COMM_WORLD_SIZE": "8"}, (5, 8)),
            ({"PMI_RANK": "1", "PMI_SIZE": "2"}, (1, 2)),
            ({"PMI_RANK": "0", "PMI_SIZE": "1"}, (0, 1)),
        ):
            with self.subTest(given):
                self.assertEqual(of_launcher(given), expected)

    def test_a_world_without_a_rank_and_a_rank_outside_it(self) -> None:
        for given in (
            {"WORLD_SIZE": "4"},
            {"WORLD_SIZE": "4", "RANK": "-1"},
            {"WORLD_SIZE": "4", "RANK": "4"},
            {"RANK": "1"},
            {"RANK": "one", "WORLD_SIZE": "2"},
            {"SLURM_STEP_NUM_TASKS": "2"},
            {"OMPI_COMM_WORLD_SIZE": "2"},
            {"PMI_SIZE": "2"},
        ):
            with self.subTest(given), self.assertRaises(TributaryError) as raised:
                of_launcher(given)
            self.assertEqual(raised.exception.reason, "RANK_INVALID")

    def test_ranks_are_asked_for_at_use(self) -> None:
        with mock.patch.dict(os.environ, {"WORLD_SIZE": "4"}):
            loader = Loader("loader:1", run="r")
            with self.assertRaisesRegex(TributaryError, "RANK_INVALID: .*WORLD_SIZE=4"):
                loader.rank  # noqa: B018
            os.environ["RANK"] = "2"
            self.assertEqual((loader.rank, loader.world_size), (2, 4))
        given = Loader("loader:1", run="r", rank=1, world_size=2)
        self.assertEqual((given.rank, given.world_size), (1, 2))


if __name__ == "__main__":
    unittest.main()
