"""Replicas for tests: started as processes, and ended with the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import unittest
from pathlib import Path
from typing import Any, List

import numpy as np

from tests.pixels import batch_pixels
from tributary import Batch, Loader

PYTHON = Path(__file__).resolve().parent.parent


def environment(**more: str) -> Any:
    """The environment of a child process that imports this package from its sources."""
    path = [str(PYTHON / "src"), str(PYTHON), *filter(None, [os.environ.get("PYTHONPATH")])]
    # Debian 13's torch is built without libuv, and asks for it.
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "USE_LIBUV": "0", **more}


def run_python(*arguments: str, seconds: float = 120, **more: str) -> subprocess.CompletedProcess[str]:
    """A Python process over this package's sources, run to its end. One that is late ends with all that it has forked."""
    with start_python(*arguments, **more) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
            raise subprocess.TimeoutExpired(process.args, seconds, output, errors) from None
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def start_python(*arguments: str, **more: str) -> subprocess.Popen[str]:
    """A Python process over this package's sources, in a group of its own."""
    command = [sys.executable, "-W", "ignore", *arguments]
    pipes = subprocess.PIPE
    return subprocess.Popen(
        command, env=environment(**more), cwd=PYTHON, stdout=pipes, stderr=pipes, text=True, start_new_session=True
    )


def is_running(pid: int) -> bool:
    """Whether a process has not ended. One whose end nobody has asked for has."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


class Process:
    """One replica: `address`, and signals for it."""

    def __init__(self, *arguments: Any):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.replica", *map(str, arguments)],
            stdout=subprocess.PIPE,
            env=environment(),
            cwd=PYTHON,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.address = f"127.0.0.1:{self.port}"

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


class FleetTest(unittest.TestCase):
    """A test with replicas, which leaves neither processes nor threads behind."""

    def setUp(self) -> None:
        before = {t.ident for t in threading.enumerate()}

        def no_thread_left() -> None:
            left = [t.name for t in threading.enumerate() if t.ident not in before and t.name.startswith("tributary")]
            self.assertEqual(left, [])

        self.addCleanup(no_thread_left)

    def replica(self, *arguments: Any) -> Process:
        process = Process(*arguments)
        self.addCleanup(process.end)
        return process

    def loader(self, *replicas: Process, **arguments: Any) -> Loader:
        # Most tests open several loaders of one run in one process, which would be warned of.
        given = {"epoch": 0, "patience": 20, "stall_timeout": 2, "connect_timeout": 2, **arguments}
        loader = Loader([r.address for r in replicas], run="synthetic", **given)
        self.addCleanup(loader.close)
        return loader

    def assert_steps(self, batches: List[Batch], steps: Any, *, epoch: int = 0, rank: int = 0, world_size: int = 1) -> None:
        """The batches are those of the steps, in order and to the byte."""
        self.assertEqual([b.address for b in batches], [(epoch, step, rank, world_size) for step in steps])
        for batch in batches:
            expected = batch_pixels(epoch, batch.address.step, rank, world_size, 8)
            self.assertTrue(np.array_equal(np.asarray(batch.images), expected), batch.address)
