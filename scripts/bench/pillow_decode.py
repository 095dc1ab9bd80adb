"""Decoding with Pillow alone, a process a core, from bytes in memory: a ceiling of every loader that uses it.

One argument, JSON: folder, workers, seconds. Prints {"event": "begin"} and {"event": "end", "images", "seconds"}, one
line each.
"""

import glob
import io
import json
import multiprocessing
import os
import sys
import time

from PIL import Image

FILES = 256


def decode(contents, seconds, start, results):
    start.wait()
    end, images = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        Image.open(io.BytesIO(contents[images % len(contents)])).convert("RGB").load()
        images += 1
    results.put(images)


def main():
    asked = json.loads(sys.argv[1])
    contents = []
    for path in sorted(glob.glob(os.path.join(asked["folder"], "train", "*", "*")))[:FILES]:
        with open(path, "rb") as file:
            contents.append(file.read())
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(asked["workers"] + 1), context.SimpleQueue()
    workers = [
        context.Process(target=decode, args=(contents, asked["seconds"], start, results))
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


if __name__ == "__main__":
    main()
