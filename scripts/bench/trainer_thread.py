"""How much longer a trainer's own work takes beside a client: small torch operations in the trainer's thread, alone and while it
is fed at a given rate from batches that a replica has in memory. Both in turn, several times.

One argument, JSON: address, run, rates (images/s), seconds (of one turn), turns, options of the loader. Prints JSON: for each
rate the median of the times beside over the times alone, and the CPU seconds an image of the trainer's process and of all
that it started.
"""

import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python", "src"))
import torch  # noqa: E402
import tributary  # noqa: E402

# As a training step has them: many operations that end at once.
OPERATIONS = 50


def cpu_seconds(pids):
    """CPU seconds that processes have used."""
    total = 0.0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def started(pid):
    """The processes that a process has started."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def work(seconds, feed, rate, batch_size):
    """Seconds that one operation takes on average, over `seconds`; `feed` is asked for batches at `rate` images/s."""
    weights, values = torch.randn(64, 64), torch.randn(64, 64)
    spent, done, taken = 0.0, 0, 0
    begin = time.perf_counter()
    while (now := time.perf_counter()) - begin < seconds:
        if feed is not None and taken < (now - begin) * rate:
            taken += batch_size
            next(feed)
        start = time.perf_counter()
        for _ in range(OPERATIONS):
            values = torch.tanh(values @ weights)
        spent += time.perf_counter() - start
        done += OPERATIONS
    return spent / done, taken


def passes(loader):
    """One epoch again and again, which a replica answers from its memory."""
    start = loader.state_dict()
    while True:
        yield from loader
        loader.load_state_dict({**start, "fingerprint": loader.fingerprint})


def main():
    asked = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    loader = tributary.Loader(asked["address"], run=asked["run"], **asked.get("options", {}))
    feed = passes(loader)
    size = len(next(feed))
    for _ in range(2 * len(loader)):
        next(feed)
    found = {}
    for rate in asked["rates"]:
        ratios, own, others, images = [], 0.0, 0.0, 0
        for _ in range(asked["turns"]):
            alone, _ = work(asked["seconds"], None, 0, size)
            children = started(os.getpid())
            before = time.thread_time(), cpu_seconds([os.getpid()]), cpu_seconds(children)
            start = time.perf_counter()
            beside, taken = work(asked["seconds"], feed, rate, size)
            seconds = time.perf_counter() - start
            ratios.append(beside / alone)
            own += cpu_seconds([os.getpid()]) - before[1] - (time.thread_time() - before[0])
            others += cpu_seconds(children) - before[2]
            images += taken
        found[rate] = {
            "ratio": statistics.median(ratios),
            "ratios": ratios,
            "images_per_second": taken / seconds,
            "own_ms_an_image_outside_the_thread": 1000 * own / images,
            "others_ms_an_image": 1000 * others / images,
        }
    print(json.dumps(found))
    loader.close()


if __name__ == "__main__":
    main()
