"""Decoding with Pillow alone, as decoding.py measures it."""

import io

from decoding import measure
from PIL import Image


def prepare(contents):
    return lambda index: Image.open(io.BytesIO(contents[index])).convert("RGB").load(), len(contents)


if __name__ == "__main__":
    measure(prepare)
