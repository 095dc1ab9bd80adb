"""Trainers of the Python client, as many in this process as it is given epochs, each in a thread of its own, until stdin
ends; for each line that comes there it prints as JSON how many samples each has got.

One argument, JSON: address, run, epochs (the first of each trainer), stride (from one of its epochs to the next).
"""

import json
import logging
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python", "src"))
# It takes seconds to import, on cores that are to be measured.
sys.modules["torch"] = None
import tributary  # noqa: E402


def train(address, run, epoch, stride, place, samples):
    """Reads until the process ends. All trainers of a process share one receiving process, as loaders do."""
    loader = tributary.Loader(address, run=run)
    while True:
        loader.set_epoch(epoch)
        for batch in loader:
            samples[place] += len(batch)
        epoch += stride


def main():
    # That they wait is what is measured.
    logging.getLogger("tributary").setLevel(logging.ERROR)
    asked = json.loads(sys.argv[1])
    samples = [0] * len(asked["epochs"])
    for place, epoch in enumerate(asked["epochs"]):
        args = (asked["address"], asked["run"], epoch, asked["stride"], place, samples)
        threading.Thread(target=train, args=args, daemon=True).start()
    while sys.stdin.readline():
        print(json.dumps(samples), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
