"""What many write by hand where torchvision is too slow: OpenCV in a dataset of dataloader.py. The same operations with the same
chances, but neither torchvision's draws nor its pixels. Needs Debian's python3-opencv.
"""

import math
import os
import random

import cv2
import numpy as np
import torch

cv2.setNumThreads(0)


def random_resized_crop(image, size, scale, ratio):
    height, width = image.shape[:2]
    for _ in range(10):
        area = height * width * random.uniform(*scale)
        aspect = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            break
    else:
        w = h = min(width, height)
    top, left = random.randint(0, height - h), random.randint(0, width - w)
    return cv2.resize(image[top : top + h, left : left + w], (size, size), interpolation=cv2.INTER_CUBIC)


def levels(values):
    return np.clip(values, 0, 255).astype(np.uint8)


def gray(image):
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def color_jitter(image, knobs):
    spread = knobs["hsv_v"]
    order = ["brightness", "contrast", "saturation", "hue"]
    random.shuffle(order)
    for name in order:
        factor = random.uniform(1 - spread, 1 + spread)
        if name == "brightness":
            image = cv2.LUT(image, levels(np.arange(256) * factor))
        elif name == "contrast":
            mean = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).mean()
            image = cv2.LUT(image, levels(np.arange(256) * factor + mean * (1 - factor)))
        elif name == "saturation":
            factor = random.uniform(1 - knobs["hsv_s"], 1 + knobs["hsv_s"])
            image = cv2.addWeighted(image, factor, gray(image), 1 - factor, 0)
        else:
            turn = 180 * random.uniform(-knobs["hsv_h"], knobs["hsv_h"])
            hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
            hsv[..., 0] = cv2.LUT(hsv[..., 0], np.mod(np.arange(256, dtype=np.int16) + turn, 180).astype(np.uint8))
            image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return image


class OpenCv(torch.utils.data.Dataset):
    """The files under a folder's `train`, as uint8 [size, size, 3]. Policies such as RandAugment are not among the operations."""

    def __init__(self, folder, size, knobs):
        if knobs["auto_augment"]:
            raise ValueError(f"expected a recipe without a policy, but got {knobs['auto_augment']}: choose dinov3")
        train = os.path.join(folder, "train")
        self.paths = sorted(os.path.join(at, name) for at, _, names in os.walk(train) for name in names)
        self.size, self.knobs = size, knobs

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        knobs = self.knobs
        image = cv2.cvtColor(cv2.imread(self.paths[index]), cv2.COLOR_BGR2RGB)
        image = random_resized_crop(image, self.size, knobs["scale"], knobs["ratio"])
        if random.random() < knobs["fliplr"]:
            image = cv2.flip(image, 1)
        if knobs["color_jitter"] > 0:
            image = color_jitter(image, knobs)
        if random.random() < knobs["grayscale"]:
            image = gray(image)
        if random.random() < knobs["gaussian_blur"]:
            image = cv2.GaussianBlur(image, (9, 9), random.uniform(0.1, 2.0))
        if random.random() < knobs["solarize"]:
            image = cv2.LUT(image, np.where(np.arange(256) >= 128, 255 - np.arange(256), np.arange(256)).astype(np.uint8))
        return torch.from_numpy(np.ascontiguousarray(image)), 0
