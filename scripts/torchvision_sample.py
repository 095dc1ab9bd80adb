#!/usr/bin/env python3
"""What stock torchvision makes of one image: the specification of every recipe.

    torchvision_sample.py --recipe dinov3 --seed 7 IMAGE OUT.png   one sample, as the upstream transform yields it
    torchvision_sample.py --check FOLDER                           recompute the vectors of a folder
    torchvision_sample.py --serve                                  answer requests on standard input, for the tests

A training sample is `torch.manual_seed(seed)` followed by the upstream transform on `Image.open(path).convert("RGB")`.
OUT is the uint8 RGB image just before ToTensor. The erase box, which upstream draws after Normalize from the same
generator, is printed as [top, left, height, width] or null.

Needs torch, torchvision and Pillow: on Debian 12 python3-torch, python3-torchvision and python3-pil (torch 1.13.1,
torchvision 0.14.1, Pillow 9.4).
"""
import argparse
import contextlib
import hashlib
import io
import json
import os
import struct
import sys

import numpy as np
import torch
import torchvision.transforms as T
import torchvision.transforms.autoaugment as autoaugment
import torchvision.transforms.functional as F
from PIL import Image
from torchvision.transforms import InterpolationMode

Image.MAX_IMAGE_PIXELS = None
# A blurred value may be one level apart where its exact level lies so close to a half (docs/exactness.md).
HALF_DISTANCE = 0.02

BASE = dict(
    hsv_h=0.015, hsv_s=0.7, hsv_v=0.4, color_jitter=1.0, grayscale=0.0, gaussian_blur=0.0, blur_sigma=(0.1, 2.0),
    solarize=0.0, erasing=0.4, auto_augment="randaugment", force_color_jitter=False, fliplr=0.5, flipud=0.0,
    scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3), interpolation="BICUBIC", transforms="ultralytics",
)  # fmt: skip
# By the names that steps have here: the enhancements of a policy, and ColorJitter's four in its numbering.
ENHANCEMENTS = dict(Brightness="brightness", Color="saturation", Contrast="contrast", Sharpness="sharpness")
JITTER = ("brightness", "contrast", "saturation", "hue")

DINOV3 = dict(BASE, hsv_h=0.1, hsv_s=0.2, hsv_v=0.4, grayscale=0.2, gaussian_blur=0.5, solarize=0.2, erasing=0.0,
              auto_augment=None)  # fmt: skip
UNIC = dict(DINOV3, color_jitter=0.8, gaussian_blur=0.2, blur_sigma=(0.1, 5.0))
DINO = dict(DINOV3, color_jitter=0.8, solarize=0.0, transforms="dinov3")
RECIPES = {
    "default": BASE, "eupe": BASE, "radio": BASE, "unic": BASE, "dinov3": DINOV3, "dinov3_lowwd": DINOV3,
    "unic_paper": UNIC, "dune_paper": dict(UNIC, scale=(0.4, 1.0)),
    "dinov2": dict(DINO, transforms="dinov2"), "dinov3_vitl": DINO, "dinov3_7b": dict(DINO, fliplr=0.0),
    "dinov3_gram": dict(DINO, fliplr=0.0), "dinov3_shared": DINO,
}  # fmt: skip


def crops(global_size, local_size, gram_size=None):
    """DINO's groups of views: what each sets beside the recipe's knobs. The blur's probabilities are those that take effect."""
    return [
        dict(name="global", count=2, image_size=global_size, scale=(0.32, 1.0), gaussian_blur=(0.0, 0.9), solarize=(0.0, 0.2)),
        dict(name="gram", of="global", count=2, image_size=gram_size),
        dict(name="local", count=8, image_size=local_size, scale=(0.05, 0.32), gaussian_blur=0.5),
    ]  # fmt: skip


VIEWS = {
    "dinov2": crops(224, 96), "dinov3_vitl": crops(224, 96), "dinov3_7b": crops(256, 112),
    "dinov3_gram": crops(256, 112, 512), "dinov3_shared": crops(224, 96),
}  # fmt: skip


class Apply(torch.nn.Module):
    """RandomApply of torchvision's second transforms: iff u < p."""

    def __init__(self, steps, p):
        super().__init__()
        self.steps, self.p = T.Compose(steps), p

    def forward(self, image):
        return self.steps(image) if torch.rand(1) < self.p else image


def is_dino(k):
    return k["transforms"] != "ultralytics"


def apply(k, step, p):
    return (Apply if k["transforms"] == "dinov3" else T.RandomApply)([step], p=p)


def geometry(size, k):
    """The crop and the flips."""
    steps = [T.RandomResizedCrop(size, scale=k["scale"], ratio=k["ratio"], interpolation=InterpolationMode[k["interpolation"]])]
    if k["fliplr"] > 0 or is_dino(k):
        steps.append(T.RandomHorizontalFlip(k["fliplr"]))
    if k["flipud"] > 0:
        steps.append(T.RandomVerticalFlip(k["flipud"]))
    return steps


def policy(k):
    mode = InterpolationMode[k["interpolation"]]
    if k["auto_augment"] == "randaugment":
        return [T.RandAugment(interpolation=mode)]
    if k["auto_augment"] == "autoaugment":
        return [T.AutoAugment(interpolation=mode)]
    if k["auto_augment"]:
        raise ValueError(k["auto_augment"])
    return []


def colour(k):
    """Jitter and grey."""
    steps = []
    if not k["auto_augment"] or k["force_color_jitter"]:
        jitter = T.ColorJitter(brightness=k["hsv_v"], contrast=k["hsv_v"], saturation=k["hsv_s"], hue=k["hsv_h"])
        steps.append(jitter if k["color_jitter"] >= 1 and not is_dino(k) else apply(k, jitter, k["color_jitter"]))
    if k["grayscale"] > 0 or is_dino(k):
        steps.append(T.RandomGrayscale(p=k["grayscale"]))
    return steps


def rest(k):
    """Blur and solarize."""
    steps = []
    if k["gaussian_blur"] > 0 or is_dino(k):
        steps.append(apply(k, T.GaussianBlur(kernel_size=9, sigma=tuple(k["blur_sigma"])), k["gaussian_blur"]))
    if k["solarize"] > 0:
        steps.append(T.RandomSolarize(threshold=128, p=k["solarize"]))
    return steps


def transform(size, knobs):
    """The training transform as (PIL RGB to PIL RGB, RandomErasing), in upstream order; both draw from torch's generator."""
    k = {**BASE, **knobs}
    # DINO's pipelines have no RandomErasing, whose draw counts only where it stands before others.
    return T.Compose([*geometry(size, k), *policy(k), *colour(k), *rest(k)]), T.RandomErasing(p=k["erasing"])


def resolve_views(recipe, settings):
    """The groups of a run of several views, as `sample_views` takes them, by its recipe and what it sets; none for one view."""
    base, own = RECIPES[recipe], {k: v for k, v in settings.items() if k in BASE}
    groups = settings.get("views")
    if groups is None:
        groups = []
        for group in VIEWS.get(recipe, []):
            given = {k.partition("_")[2]: v for k, v in settings.items() if k.startswith(group["name"] + "_")}
            given = {dict(size="image_size").get(k, k): v for k, v in given.items()}
            groups.append({**group, **own, **given})
    else:
        base = {**base, **own}
    resolved = []
    for group in groups:
        count = group.get("count") or next((g.get("count", 1) for g in groups if g["name"] == group.get("of")), 1)
        if not group["image_size"] or group.get("count") == 0:
            continue
        knobs = []
        for view in range(count):
            chosen = {k: v for k, v in group.items() if k in BASE}
            for name in ("color_jitter", "grayscale", "gaussian_blur", "solarize", "fliplr", "flipud"):
                if isinstance(chosen.get(name), (list, tuple)):
                    chosen[name] = chosen[name][view]
            knobs.append({**base, **chosen})
        resolved.append(dict(name=group["name"], size=group["image_size"], of=group.get("of"), knobs=knobs))
    return resolved


def make_views(image, groups, share_color_jitter=False, blurs=()):
    """[(name, uint8 PIL image before ToTensor, what its blur added to `blurs`, or None)] of every view, the groups in their order, of draws
    of torch's generator as it stands.

    A group is a dict of name, size, of (the group whose crops it shows undistorted, or None) and the knobs of each view.
    """
    image = image.convert("RGB")
    if share_color_jitter:
        image = T.Compose(colour({**BASE, **groups[0]["knobs"][0]}))(image)
    made, crops = {}, {}
    for group in groups:
        if group["of"]:
            continue
        name, size = group["name"], group["size"]
        base = max([size, *(g["size"] for g in groups if g["of"] == name)])
        for number, knobs in enumerate(group["knobs"]):
            k = {**BASE, **knobs}
            crops[name, number] = T.Compose(geometry(base, k))(image)
            mode = InterpolationMode[k["interpolation"]]
            steps = [T.Resize(size, interpolation=mode), *policy(k), *([] if share_color_jitter else colour(k)), *rest(k)]
            made[name, number] = T.Compose(steps)(crops[name, number]), blurs.pop() if blurs else None
            if not is_dino(k):
                draw_erase(T.RandomErasing(p=k["erasing"]), size)
    for group in groups:
        if group["of"]:
            for number, k in enumerate(group["knobs"]):
                resize = T.Resize(group["size"], interpolation=InterpolationMode[k["interpolation"]])
                made[group["name"], number] = resize(crops[group["of"], number]), None
    names = [(group["name"], number) for group in groups for number in range(len(group["knobs"]))]
    return [(f"{name}{number + 1}", *made[name, number]) for name, number in names]


def sample_views(image, seed, groups, share_color_jitter=False):
    """`make_views` of a seed: [(name, image, which values may be one level apart, as `sample` gives them)]."""
    with noted_blurs() as blurs:
        torch.manual_seed(seed)
        return make_views(image, groups, share_color_jitter, blurs)


def evaluation(size, interpolation="BICUBIC", resize_size=None):
    """The validation transform, which draws nothing; `resize_size` is DINOv3's 256 beside a size of 224."""
    return T.Compose([T.Resize(resize_size or size, interpolation=InterpolationMode[interpolation]), T.CenterCrop(size)])


def draw_erase(erasing, size):
    """RandomErasing.forward without its tensor: [top, left, height, width], or None where nothing is erased."""
    if not torch.rand(1) < erasing.p:
        return None
    top, left, height, width, _ = erasing.get_params(torch.zeros(3, size, size), erasing.scale, erasing.ratio, [0.0])
    return None if (height, width) == (size, size) else [int(top), int(left), int(height), int(width)]


@contextlib.contextmanager
def replaced(pairs):
    """Stand other functions in for torchvision's, and put them back."""
    before = [(owner, name, owner.__dict__[name]) for owner, name, _ in pairs]
    for owner, name, function in pairs:
        setattr(owner, name, function)
    try:
        yield
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


def near_half(image, sigma):
    """Where a blurred value's exact level lies within HALF_DISTANCE of a half: bool [height, width, 3]."""
    weights = np.exp(-0.5 * (np.arange(-4, 5) / float(sigma)) ** 2)
    levels = np.pad(np.asarray(image, float), ((4, 4), (4, 4), (0, 0)), "reflect")
    for axis in (0, 1):
        levels = np.apply_along_axis(np.convolve, axis, levels, weights / weights.sum(), "valid")
    return np.abs(levels % 1 - 0.5) <= HALF_DISTANCE


@contextlib.contextmanager
def noted_blurs():
    """A list that each blur of torchvision's adds `near_half` of its image to."""
    found, blur = [], F.gaussian_blur

    def noted(image, kernel_size, sigma):
        found.append(near_half(image, sigma[0]))
        return blur(image, kernel_size, sigma)

    with replaced([(F, "gaussian_blur", noted)]):
        yield found


def sample(image, seed, size=224, **knobs):
    """(uint8 PIL image before ToTensor, erase box or None, which values this project may have one level apart).

    The last is a bool array [size, size, 3], or None where no blur was drawn: then there are none.
    """
    steps, erasing = transform(size, knobs)
    with noted_blurs() as blurs:
        torch.manual_seed(seed)
        out = steps(image.convert("RGB"))
    return out, draw_erase(erasing, size), blurs[0] if blurs else None


def drawn(width, height, seed, size=224, **knobs):
    """What the transform draws for an image of that size, as a dict; no pixel is computed.

    torchvision's own control flow runs, with functions in place of its pixel operations that only write down.
    """
    steps, erasing = transform(size, knobs)
    seen = dict(crop=None, hflip=False, vflip=False, steps=[])
    small = Image.new("RGB", (size, size))
    draw_jitter = T.ColorJitter.get_params

    def note(key):
        def replacement(image, *_, **__):
            seen[key] = True
            return image
        return replacement

    def step(op, **parameters):
        seen["steps"].append(dict(op=op, **parameters))

    def crop(image, top, left, height, width, *_, **__):
        seen["crop"] = [top, left, height, width]
        return small

    def apply_op(image, name, magnitude, interpolation, **_):
        magnitude = float(magnitude)
        if name in ENHANCEMENTS:
            step(ENHANCEMENTS[name], factor=1.0 + magnitude)
        elif name == "Posterize":
            step("posterize", bits=int(magnitude))
        elif name == "Solarize":
            step("solarize", threshold=magnitude)
        elif name in ("Invert", "AutoContrast", "Equalize"):
            step(name.lower())
        elif name != "Identity":
            step(name[0].lower() + name[1:], magnitude=magnitude, interpolation=interpolation.name)
        return image

    def jitter(*ranges):
        order, *factors = draw_jitter(*ranges)
        for place in order.tolist():
            if factors[place] is not None:
                step(JITTER[place], **{"turns" if place == 3 else "factor": factors[place]})
        return order, None, None, None, None

    def blur(image, kernel_size, sigma):
        step("gaussianBlur", sigma=sigma[0])
        return image

    def grayscale(image, *_, **__):
        step("grayscale")
        return image

    def solarize(image, threshold):
        step("solarize", threshold=threshold)
        return image

    with replaced([
        (F, "resized_crop", crop), (F, "hflip", note("hflip")), (F, "vflip", note("vflip")),
        (autoaugment, "_apply_op", apply_op), (T.ColorJitter, "get_params", staticmethod(jitter)),
        (F, "rgb_to_grayscale", grayscale), (F, "gaussian_blur", blur), (F, "solarize", solarize),
    ]):  # fmt: skip
        torch.manual_seed(seed)
        steps(Image.new("RGB", (width, height)))
    return {**seen, "erase": draw_erase(erasing, size)}


def digest(image):
    return hashlib.sha256(image.tobytes()).hexdigest()


def check(folder):
    """Recompute a folder's vectors; the number that differ."""
    with open(os.path.join(folder, "index.json")) as file:
        index = json.load(file)
    bad = 0
    for row in index["samples"]:
        image = Image.open(os.path.join(folder, row["image"])).convert("RGB")
        knobs = {**index["recipes"][row["recipe"]], **row.get("overrides", {})}
        if row["split"] == "val":
            out, box = evaluation(row["size"], knobs.get("interpolation", "BICUBIC"))(image), None
        else:
            out, box, _ = sample(image, row["seed"], row["size"], **knobs)
        if digest(out) != row["sha256"] or box != row["erase"]:
            bad += 1
            print("differs:", row["name"])
    print(f"{len(index['samples']) - bad} passed, {bad} failed")
    return bad


def answer(request, payload):
    """One request of --serve: (JSON answer, bytes)."""
    size, knobs = request.get("size"), request.get("knobs", {})
    if request["kind"] == "draw":
        return drawn(request["width"], request["height"], request["seed"], size, **knobs), b""
    image = Image.open(io.BytesIO(payload))
    if request["kind"] == "decode":
        image = image.convert("RGB")
        return {"width": image.width, "height": image.height}, image.tobytes()
    if request["kind"] == "views":
        made = sample_views(image, request["seed"], request["groups"], request["share_color_jitter"])
        names = [dict(name=name, blurred=uncertain is not None) for name, _, uncertain in made]
        return {"views": names}, b"".join(view.tobytes() for _, view, _ in made)
    if request["kind"] == "evaluation":
        return {"blurred": False, "erase": None}, evaluation(size, **knobs)(image.convert("RGB")).tobytes()
    out, box, uncertain = sample(image, request["seed"], size, **knobs)
    return {"blurred": uncertain is not None, "erase": box}, out.tobytes()


def serve(source, sink):
    """Answer until standard input ends.

    Both ways a message is two lengths (uint32, little-endian), that many bytes of JSON, and that many bytes.
    """
    torch.set_num_threads(1)
    while lengths := source.read(8):
        json_length, payload_length = struct.unpack("<II", lengths)
        request = json.loads(source.read(json_length))
        payload = source.read(payload_length)
        try:
            reply, data = answer(request, payload)
        except Exception as error:
            reply, data = {"error": str(error) or type(error).__name__}, b""
        text = json.dumps(reply).encode()
        sink.write(struct.pack("<II", len(text), len(data)) + text + data)
        sink.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", metavar="FOLDER")
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--recipe", choices=RECIPES, default="dinov3")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--set", metavar="KNOB=VALUE", action="append", default=[], help="value as JSON")
    parser.add_argument("paths", nargs="*", metavar="IMAGE OUT")
    args = parser.parse_args()
    if args.check:
        sys.exit(check(args.check) > 0)
    if args.serve:
        return serve(sys.stdin.buffer, sys.stdout.buffer)
    if len(args.paths) != 2:
        parser.error("expected IMAGE and OUT")
    knobs = {}
    for pair in args.set:
        name, _, value = pair.partition("=")
        with contextlib.suppress(json.JSONDecodeError):
            value = json.loads(value)
        knobs[name] = value
    out, box, uncertain = sample(Image.open(args.paths[0]), args.seed, args.size, **{**RECIPES[args.recipe], **knobs})
    out.save(args.paths[1])
    print(json.dumps({"sha256": digest(out), "erase": box, "blurred": uncertain is not None}))


if __name__ == "__main__":
    main()
