"""The Python client, measured as a trainer uses it, without a training step.

One argument, JSON: address, run, epoch, seconds; whole, to stream one epoch and no longer; again, to stream the same epoch
over and over, which a replica answers from its memory; warm, the seconds before the measured ones. Prints {"event": "begin"} and {"event": "end", "images",
"seconds"}, one line each.
"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python", "src"))
import tributary  # noqa: E402

WARM = 4


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def passes(loader, epoch, again):
    """Batches without end: epoch after epoch, or one epoch again and again."""
    start = loader.state_dict()
    while True:
        yield from loader
        if again:
            loader.load_state_dict({**start, "fingerprint": loader.fingerprint})
        else:
            epoch += 1
            loader.set_epoch(epoch)


def main():
    asked = json.loads(sys.argv[1])
    loader = tributary.Loader(asked["address"], run=asked["run"], epoch=asked["epoch"], **asked.get("options", {}))
    images, start = 0, time.monotonic()
    if asked["whole"]:
        say("begin")
        for batch in loader:
            images += len(batch)
        return say("end", images=images, seconds=time.monotonic() - start)
    warm = len(loader) if asked["again"] else WARM
    stream = passes(loader, asked["epoch"], asked["again"])
    begun = False
    for index, batch in enumerate(stream):
        if not begun:
            begun = index >= warm and time.monotonic() - start >= asked.get("warm", 0)
            if begun:
                start = time.monotonic()
                say("begin")
            continue
        images += len(batch)
        if time.monotonic() - start >= asked["seconds"]:
            break
    say("end", images=images, seconds=time.monotonic() - start)
    stream.close()
    loader.close()


if __name__ == "__main__":
    main()
