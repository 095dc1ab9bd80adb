"""Thousands of passes, breaks and fetches, and of suspensions: what a client leaves behind, at intervals.

    cd python && PYTHONPATH=src:. /usr/bin/python3 benchmarks/soak.py --passes 10000 --suspensions 1000

Ends with 1 where descriptors or threads grew, resident memory grew by more than 32 MiB, or a suspended trainer died.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from typing import List, Tuple

from tests.fleet import Process, environment
from tributary import Loader, receiver

TRAINER = """
import sys, tributary
loader = tributary.Loader(sys.argv[1], run="synthetic", patience=1, stall_timeout=0.5, connect_timeout=1)
print("ready", flush=True)
while True:
    loader.set_epoch(0)
    for batch in loader:
        if sys.argv[2:] == []:
            print("batch", flush=True)
        sys.argv[2:] = ["said"]
"""


def open_things() -> Tuple[int, int, int]:
    """Descriptors and resident bytes of this process and its receivers, and the threads of this one."""
    gc.collect()
    descriptors = resident = 0
    for pid in [os.getpid(), *(r.pid for r in receiver._receivers.values())]:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            resident += int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        descriptors += len(os.listdir(f"/proc/{pid}/fd"))
    return descriptors, threading.active_count(), resident


def passes(count: int, receivers: int) -> bool:
    """Whole passes, breaks and fetches over two replicas; whether what is open stayed flat."""
    replicas = [Process("--steps", 3), Process("--steps", 3)]
    loader = Loader([replica.address for replica in replicas], run="synthetic", patience=60, receivers=receivers)
    seen: List[Tuple[int, int, int]] = []
    for number in range(count + 1):
        loader.set_epoch(0)
        assert len(list(loader)) == 3
        for _ in loader:
            break
        loader.fetch(0, 1)
        if number % max(1, count // 10) == 0:
            seen.append(open_things())
            print(f"passes {number}: {seen[-1][0]} descriptors, {seen[-1][1]} threads, {seen[-1][2] >> 20} MiB", flush=True)
    for replica in replicas:
        replica.end()
    # What the first passes need, gRPC and malloc keep.
    first, last = seen[1], seen[-1]
    return last[0] <= first[0] + 3 and last[1] <= first[1] + 1 and last[2] <= first[2] + (32 << 20)


def suspensions(count: int) -> bool:
    """Trainers that are suspended for longer than their patience, ten at a time; whether all went on."""
    replica = Process("--steps", 1000, "--delay", 0.05)
    trainers = [
        subprocess.Popen(
            [sys.executable, "-c", TRAINER, replica.address],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for _ in range(10)
    ]
    for trainer in trainers:
        assert trainer.stdout is not None
        assert [trainer.stdout.readline() for _ in range(2)] == ["ready\n", "batch\n"]
    for number in range(1, count // 10 + 1):
        for trainer in trainers:
            os.killpg(trainer.pid, signal.SIGSTOP)
        time.sleep(1.2)
        for trainer in trainers:
            os.killpg(trainer.pid, signal.SIGCONT)
        time.sleep(0.5)
        dead = [trainer.returncode for trainer in trainers if trainer.poll() is not None]
        if number % max(1, count // 100) == 0 or dead:
            pid = trainers[0].pid
            descriptors = len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))
            print(f"suspensions {number * 10}: {descriptors[0]} descriptors, {descriptors[1]} threads, dead {dead}", flush=True)
        if dead:
            break
    well = all(trainer.poll() is None for trainer in trainers)
    for trainer in trainers:
        trainer.kill()
        trainer.communicate()
    replica.end()
    return well


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--passes", type=int, default=100)
    parser.add_argument("--suspensions", type=int, default=20)
    parser.add_argument("--receivers", type=int, default=1)
    options = parser.parse_args()
    flat = passes(options.passes, options.receivers) if options.passes else True
    well = suspensions(options.suspensions) if options.suspensions else True
    print("flat" if flat else "it grew", "and all went on" if well else "and some died")
    sys.exit(0 if flat and well else 1)
