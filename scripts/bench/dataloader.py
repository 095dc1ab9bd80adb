"""A PyTorch DataLoader with the upstream transform, measured: what a trainer has without Tributary.

One argument, JSON: folder, recipe, knobs, size, batch, workers, seconds; whole, to read every file once and no longer; uint8, to end
there; opencv, to use OpenCV in the place of Pillow and torchvision, which ends in uint8 as well.
Prints {"event": "begin"} and {"event": "end", "images", "seconds"}, one line each.
"""

import json
import os
import sys
import time

import torch
import torchvision.transforms as T
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from torchvision_sample import RECIPES, make_views, resolve_views, transform  # noqa: E402


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def make_loader(asked, **more):
    """The DataLoader that is asked for; `more` are arguments of its own."""
    knobs = {**RECIPES[asked["recipe"]], **asked["knobs"]}
    steps, erasing = transform(asked["size"], knobs)
    ending = [T.ToTensor(), T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), erasing]
    if asked.get("uint8"):
        ending = [T.PILToTensor()]
    groups = resolve_views(asked["recipe"], asked["knobs"])
    shares = asked["recipe"] == "dinov3_shared"
    views = [lambda image: {name: T.Compose(ending)(view) for name, view, _ in make_views(image, groups, shares)}]
    dataset = ImageFolder(os.path.join(asked["folder"], "train"), T.Compose(views if groups else [steps, *ending]))
    if asked.get("opencv"):
        from opencv import OpenCv

        dataset = OpenCv(asked["folder"], asked["size"], knobs)
    return DataLoader(
        dataset, batch_size=asked["batch"], shuffle=True, drop_last=True, num_workers=asked["workers"], **more
    )


def main():
    asked = json.loads(sys.argv[1])
    loader = make_loader(asked)
    images, start = 0, time.monotonic()
    if asked["whole"]:
        say("begin")
        for _, labels in loader:
            images += len(labels)
        return say("end", images=images, seconds=time.monotonic() - start)
    # Each worker prepares two batches ahead: with those delivered, the pipeline is in its stride.
    warm = 2 * asked["workers"]
    for index, (_, labels) in enumerate(loader):
        if index < warm:
            continue
        if index == warm:
            start = time.monotonic()
            say("begin")
            continue
        images += len(labels)
        if time.monotonic() - start >= asked["seconds"]:
            break
    say("end", images=images, seconds=time.monotonic() - start)


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
