#!/usr/bin/env python3
"""Check every sample of a fetched batch with stock torchvision.

    tributary fetch --run R --epoch 0 --step 7 --out OUT ...
    verify_batch.py --recipe dinov3 [--set knob=value ...] [--resize-size 256] OUT/0000-00000007-r0of1.npy NAME=PATH ...
    verify_batch.py --recipe dinov3_vitl [--set local_count=6 ...] OUT/0000-00000007-r0of1.json NAME=PATH ...

Each NAME=PATH is a source of the run, as the config has it. The knobs are the run's: its recipe, and with --set whatever
the run sets beside it, the value as JSON. Sources, keys, seeds, erase boxes and whether it is an evaluation come from the
.json beside the .npy; of a file that does not say the last, --split val does. Of a run of several views name the .json: the .npy of each
group lies beside it, and --set takes the keys of the groups as the config does (global_size=256, views=[...]). Of a run whose steps differ
in their sizes it also takes resolutions=[...].

A sample passes when all its views do, and a view when its pixels equal torchvision's to the byte, but that a value may be one level apart
where it was blurred and its exact level lies within 0.02 of a half; when the erase box of its one view is the one that torchvision draws; and,
in float types, when every value is ToTensor and Normalize of a pixel, correctly rounded, and the erased box is zero. Exit code 1 where a sample fails.

Needs what torchvision_sample.py needs.
"""
import argparse
import contextlib
import io
import json
import os
import sys
import tarfile

import numpy as np
import torch
import torchvision.transforms.functional as F
from PIL import Image

import torchvision_sample as spec

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FOLDERS = ("", "images/train2017", "images/val2017", "train", "val", "shards", "val/shards")


def read_sample(root, key):
    """The encoded bytes of a key: a file below the source, or `shard.tar/member`."""
    shard, dot_tar, member = key.partition(".tar/")
    for folder in FOLDERS:
        path = os.path.join(root, folder, key)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                return file.read()
        tar = os.path.join(root, folder, shard + ".tar")
        if dot_tar and os.path.isfile(tar):
            with tarfile.open(tar) as archive:
                return archive.extractfile(member).read()
    raise FileNotFoundError(f"no {key} below {root}")


def normalised(data_type):
    """[3, 256]: what the wire holds for each value of each channel."""
    ramp = torch.arange(256, dtype=torch.uint8).repeat(3, 1).numpy().T[None]  # 1 x 256 x 3
    table = F.normalize(F.to_tensor(ramp), MEAN, STD)[:, 0]
    if data_type == "FLOAT16":
        return table.half().numpy()
    if data_type == "BFLOAT16":
        return table.bfloat16().view(torch.int16).numpy().view(np.uint16)
    return table.numpy()


def levels(values, table):
    """HWC pixels of normalised HWC values, and where a value is that of no pixel."""
    pixels = np.empty(values.shape, np.uint8)
    alien = np.zeros(values.shape, bool)
    for channel in range(3):
        order = np.argsort(table[channel], kind="stable")
        ranked = table[channel][order]
        at = np.clip(np.searchsorted(ranked, values[..., channel]), 0, 255)
        pixels[..., channel] = order[at]
        alien[..., channel] = ranked[at] != values[..., channel]
    return pixels, alien


def faults(values, row, data_type, expected, erase, uncertain):
    """What is wrong with one sample, as words; empty where nothing is. `uncertain`: the values that may be one level apart, or None."""
    size, found = expected.shape[0], []
    box = row.get("erase")
    drawn = box and [box.get(name, 0) for name in ("top", "left", "height", "width")]
    if drawn != erase:
        found.append(f"erase box {drawn}, torchvision draws {erase}")
    keep = np.ones((size, size, 1), bool)
    if data_type == "UINT8":
        pixels = values
    else:
        if erase:
            top, left, height, width = erase
            keep[top : top + height, left : left + width] = False
            if np.any(values[~keep[..., 0]]):
                found.append("values in the erased box that are not zero")
        pixels, alien = levels(values, normalised(data_type))
        if np.any(alien & keep):
            found.append(f"{np.sum(alien & keep)} values that are no pixel's")
    apart = np.abs(pixels.astype(int) - expected) * keep
    wrong = apart > (0 if uncertain is None else uncertain)
    if wrong.any():
        found.append(f"{np.count_nonzero(wrong)} of {apart.size} values differ, by up to {apart[wrong].max()}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=spec.RECIPES, required=True)
    parser.add_argument("--set", metavar="KNOB=VALUE", action="append", default=[])
    parser.add_argument("--split", choices=("train", "val"), default="train")
    parser.add_argument("--resize-size", type=int, help="the run's resize_size, where it has one")
    parser.add_argument("batch", help="the .npy file; its header, .json, lies beside it")
    parser.add_argument("sources", nargs="+", metavar="NAME=PATH")
    args = parser.parse_args()
    knobs, settings = dict(spec.RECIPES[args.recipe]), {}
    for pair in args.set:
        name, _, value = pair.partition("=")
        with contextlib.suppress(json.JSONDecodeError):
            value = json.loads(value)
        settings[name] = value
    stem = os.path.splitext(args.batch)[0]
    with open(stem + ".json") as file:
        header = json.load(file)
    resolutions = settings.pop("resolutions", None)
    if (header.get("resolution") is None) != (resolutions is None):
        parser.error("--set resolutions=[...] is for batches of a run that has them, and these need it")
    size = at_resolution(settings, resolutions[header["resolution"]]) if resolutions else None
    groups = spec.resolve_views(args.recipe, settings)
    prefixes = ["views", "share_color_jitter", *(f"{group['name']}_" for group in groups)]
    for name in settings:
        if name not in knobs and not (groups and name.startswith((*prefixes, "gram_"))):
            parser.error(f"unknown knob {name}; there are {', '.join(knobs)}")
    knobs.update({name: value for name, value in settings.items() if name in knobs})
    roots = dict(pair.split("=", 1) for pair in args.sources)
    data_type = str(header.get("data_type", "UINT8")).replace("DATA_TYPE_", "").replace("UNSPECIFIED", "UINT8")
    names = [view["name"] for view in header.get("views", [])]
    tensors = {name: np.load(f"{stem}.{name}.npy") for name in names} or {"image": np.load(args.batch)}
    if "NCHW" in str(header.get("layout", "")):
        tensors = {name: tensor.transpose(0, 2, 3, 1) for name, tensor in tensors.items()}
    rows, failed = header["samples"], 0
    shares = settings.get("share_color_jitter", args.recipe == "dinov3_shared")
    for name, tensor in tensors.items():
        count = next((len(group["knobs"]) for group in groups if names and group["name"] == name), 1)
        if len(tensor) != len(rows) * count:
            sys.exit(f"{len(rows)} samples of {count} views in the header, {len(tensor)} images in the tensor of {name}")
    first = next(iter(tensors.values())).shape[1]
    if not names and size not in (None, first):
        sys.exit(f"images of {first} pixels, where the step's resolution has {size}")
    for slot, row in enumerate(rows):
        image = Image.open(io.BytesIO(read_sample(roots[row["source"]], row["key"]))).convert("RGB")
        if names:
            made = spec.sample_views(image, int(row["seed"]), groups, shares)
            expected = [(name, out, None, uncertain) for name, out, uncertain in made]
        elif header.get("evaluate") or args.split == "val":
            expected = [("", spec.evaluation(first, knobs["interpolation"], args.resize_size)(image), None, None)]
        else:
            expected = [("", *spec.sample(image, int(row["seed"]), first, **knobs))]
        order = str(header.get("view_order", ""))
        values = [view for name in tensors for view in views_of(tensors[name], len(rows), slot, order)]
        found = []
        for (name, out, erase, uncertain), view in zip(expected, values):
            found += [f"{name} {fault}".strip() for fault in faults(view, row, data_type, np.asarray(out), erase, uncertain)]
        if len(expected) != len(values):
            found.append(f"{len(values)} views, where the recipe and --set give {len(expected)}")
        failed += bool(found)
        if found:
            print(f"slot {slot} {row['source']} {row['key']} seed {row['seed']}: {'; '.join(found)}")
    print(f"{len(rows) - failed} of {len(rows)} samples are torchvision's")
    return failed > 0


def at_resolution(settings, sizes):
    """Puts the sizes of one of `resolutions` into the settings, and gives that of the one view."""
    own = settings.get("views")
    if own is None:
        settings.update({key: size for key, size in sizes.items() if key not in ("image_size", "weight")})
    else:
        settings["views"] = [{**group, "image_size": sizes.get(f"{group['name']}_size", group["image_size"])} for group in own]
    return sizes.get("image_size")


def views_of(tensor, samples, slot, order):
    """The views of one sample in a group's tensor."""
    count = len(tensor) // samples
    return [tensor[slot * count + view if "SAMPLE" in order else view * samples + slot] for view in range(count)]


if __name__ == "__main__":
    sys.exit(main())
