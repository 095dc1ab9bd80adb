"""Measures what decodes whole files from bytes in memory, a process a core: a ceiling of every loader that decodes so.

Of one argument, JSON: folder, workers, seconds. Prints {"event": "begin"} and {"event": "end", "images", "seconds"}, one
line each.
"""

import glob
import json
import multiprocessing
import os
import sys
import time

FILES = 256


def measure(prepare):
    """`prepare(contents)` runs in each process, and gives what decodes the file of an index, and how many files it takes."""
    asked = json.loads(sys.argv[1])
    contents = []
    for path in sorted(glob.glob(os.path.join(asked["folder"], "train", "*", "*")))[:FILES]:
        with open(path, "rb") as file:
            contents.append(file.read())
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(asked["workers"] + 1), context.SimpleQueue()
    workers = [
        context.Process(target=_decode, args=(prepare, contents, asked["seconds"], start, results))
        for _ in range(asked["workers"])
    ]
    for worker in workers:
        worker.start()
    start.wait()
    begun = time.monotonic()
    print(json.dumps({"event": "begin"}), flush=True)
    images = sum(results.get() for _ in workers)
    print(json.dumps({"event": "end", "images": images, "seconds": time.monotonic() - begun}), flush=True)
    for worker in workers:
        worker.join()


def _decode(prepare, contents, seconds, start, results):
    decode, files = prepare(contents)
    start.wait()
    end, images = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        decode(images % files)
        images += 1
    results.put(images)
