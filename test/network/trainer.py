"""A trainer as a process of its own, as trainer.ts is: the loader's options as JSON, one line of answer for one of input."""

import json
import sys
import zlib

from tributary import Loader, Tls, TributaryError

options = json.loads(sys.argv[1])
authority, token_file = options.pop("authority", None), options.pop("token_file", "")
credentials = authority and Tls(root=authority, token_file=token_file)
loader = Loader(options.pop("address"), **options, credentials=credentials)
batches = None


def answer(command, epoch="0", step="0"):
    global batches
    if command == "epoch":
        if batches is not None:
            batches.close()
        loader.load_state_dict({"version": 1, "epoch": int(epoch), "step": int(step)})
        batches = iter(loader)
        return {"begun": int(epoch)}
    batch = next(batches, None)
    if batch is None:
        return {"end": True}
    pixels = batch.images if not hasattr(batch.images, "numpy") else batch.images.numpy()
    return {
        "step": batch.address.step,
        "crc32": batch.crc32,
        "peer": "",
        "samples": [
            f"{sample.source} {sample.key} {sample.seed} {zlib.crc32(image.tobytes())}"
            for sample, image in zip(batch.samples, pixels)
        ],
    }


for line in sys.stdin:
    try:
        print(json.dumps(answer(*line.split())), flush=True)
    except TributaryError as error:
        print(json.dumps({"error": error.reason, "message": error.message}), flush=True)
loader.close()
