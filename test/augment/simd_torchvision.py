"""Applies one torchvision operation to each image on standard input: a line of JSON with its case, then its RGB bytes."""
import json
import sys

import numpy as np
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op


def resize(image, case):
    mode = getattr(Image.Resampling, case["interpolation"])
    left, top, size = case["left"], case["top"], case["size"]
    image = image.resize((case["to"][0], case["to"][1]), mode).crop((left, top, left + size, top + size))
    if case["hflip"]:
        image = F.hflip(image)
    return F.vflip(image) if case["vflip"] else image


def affine(image, step):
    name = step["op"][0].upper() + step["op"][1:]
    return _apply_op(image, name, step["magnitude"], getattr(InterpolationMode, step["interpolation"]), fill=None)


def plain(image, step):
    """torchvision's function of the operation's own name, with what was drawn in its order."""
    return getattr(F, step["op"])(image, *[value for name, value in step.items() if name != "op"])


# The operations whose name is not torchvision's.
steps = {
    "brightness": lambda image, step: F.adjust_brightness(image, step["factor"]),
    "contrast": lambda image, step: F.adjust_contrast(image, step["factor"]),
    "saturation": lambda image, step: F.adjust_saturation(image, step["factor"]),
    "sharpness": lambda image, step: F.adjust_sharpness(image, step["factor"]),
    "hue": lambda image, step: F.adjust_hue(image, step["turns"]),
    "grayscale": lambda image, step: F.rgb_to_grayscale(image, num_output_channels=3),
    "gaussianBlur": lambda image, step: F.gaussian_blur(image, [9, 9], [step["sigma"], step["sigma"]]),
    **{name: affine for name in ("shearX", "shearY", "translateX", "translateY", "rotate")},
}

stream = sys.stdin.buffer
while line := stream.readline():
    case = json.loads(line)
    width, height = case["width"], case["height"]
    image = Image.frombytes("RGB", (width, height), stream.read(width * height * 3))
    if "to" in case:
        image = resize(image, case)
    for step in case.get("steps", []):
        image = steps.get(step["op"], plain)(image, step)
    sys.stdout.buffer.write(np.asarray(image).tobytes())
