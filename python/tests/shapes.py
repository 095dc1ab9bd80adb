"""A drawn data set of three classes for trainers that learn, as ImageNet lies: train/CLASS/*.jpg and val/CLASS/*.jpg."""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image, ImageDraw

CLASSES = ("circle", "cross", "square")


def draw_shapes(folder: Path, train: int, val: int, seed: int = 7) -> Path:
    """Draws so many images of each class, the same ones for a seed, and gives the folder."""
    dice = random.Random(seed)
    for split, count in (("train", train), ("val", val)):
        for name in CLASSES:
            place = folder / split / name
            place.mkdir(parents=True)
            for i in range(count):
                _shape(name, dice).save(place / f"{i:03d}.jpg", quality=92)
    return folder


def _shape(name: str, dice: random.Random) -> Image.Image:
    width, height = dice.randint(76, 116), dice.randint(76, 116)
    ground = (dice.randrange(120), dice.randrange(120), dice.randrange(120))
    colour = (dice.randint(140, 255), dice.randint(140, 255), dice.randint(140, 255))
    image = Image.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(image)
    half = int(min(width, height) * dice.uniform(0.25, 0.4))
    x, y = width // 2 + dice.randint(-8, 8), height // 2 + dice.randint(-8, 8)
    box = (x - half, y - half, x + half, y + half)
    if name == "circle":
        pen.ellipse(box, fill=colour)
    elif name == "square":
        pen.rectangle(box, fill=colour)
    else:
        pen.line(box, fill=colour, width=8)
        pen.line((x - half, y + half, x + half, y - half), fill=colour, width=8)
    return image
