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


def photometric(image, case):
    draw = case["draw"]
    jitter = draw["jitter"]
    for place in jitter["order"] if jitter else []:
        name = ["brightness", "contrast", "saturation", "hue"][place]
        if jitter[name] is not None:
            image = getattr(F, "adjust_" + name)(image, jitter[name])
    if draw["grayscale"]:
        image = F.rgb_to_grayscale(image, num_output_channels=3)
    if draw["blur"] is not None:
        image = F.gaussian_blur(image, [9, 9], [draw["blur"], draw["blur"]])
    return F.solarize(image, 128) if draw["solarize"] else image


def policy(image, case):
    mode = getattr(InterpolationMode, case["interpolation"])
    for name, magnitude in case["operations"]:
        image = _apply_op(image, name, magnitude, mode, fill=None)
    return image


operations = {"resize": resize, "photometric": photometric, "policy": policy}
stream = sys.stdin.buffer
while line := stream.readline():
    case = json.loads(line)
    width, height = case["width"], case["height"]
    image = Image.frombytes("RGB", (width, height), stream.read(width * height * 3))
    sys.stdout.buffer.write(np.asarray(operations[case["kind"]](image, case)).tobytes())
