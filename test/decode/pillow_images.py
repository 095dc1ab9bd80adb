"""Write image files of every kind, sound and damaged, and beside each what Pillow makes of it.

    pillow_images.py FOLDER

FOLDER/index.json maps a file's name to [width, height], or to null where Pillow refuses it; NAME.rgb holds the bytes of
`Image.open(NAME).convert("RGB")`.
"""
import io
import json
import os
import random
import struct
import sys
import warnings
import zlib

import numpy as np
from PIL import Image, ImageCms

warnings.simplefilter("ignore")
rng = np.random.default_rng(1)
random.seed(3)
folder = sys.argv[1]
index = {}


def scene(width, height):
    """Waves, ramps, blocks and noise: edges for the chroma filters, detail for every frequency."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    bands = [127 + 127 * np.sin(x / 7 + y / 13), 255 * x / max(width - 1, 1), 127 + 100 * np.cos(y / 5 - x / 31)]
    pixels = np.stack(bands, -1) + rng.normal(0, 12, (height, width, 3))
    pixels[(x // 9 + y // 11) % 7 == 0] = rng.integers(0, 256, 3)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def write(name, data):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)
    try:
        image = Image.open(io.BytesIO(data)).convert("RGB")
    except Exception:
        index[name] = None
        return
    index[name] = [image.width, image.height]
    with open(os.path.join(folder, name + ".rgb"), "wb") as file:
        file.write(image.tobytes())


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, stride, extra=b""):
    """A PNG of random samples, of kinds that Pillow cannot write."""
    rows = b"".join(b"\0" + rng.bytes(stride) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))  # fmt: skip


def display_p3(srgb):
    """An sRGB profile with Display P3's primaries in place of its own."""
    profile = bytearray(srgb)
    primaries = {b"rXYZ": (0.51512, 0.2412, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189),
                 b"bXYZ": (0.1571, 0.06657, 0.78407)}  # fmt: skip
    for i in range(struct.unpack(">I", profile[128:132])[0]):
        tag, offset, _ = struct.unpack(">4sII", profile[132 + 12 * i : 144 + 12 * i])
        if tag in primaries:
            values = (round(value * 65536) for value in primaries[tag])
            profile[offset + 8 : offset + 20] = struct.pack(">iii", *values)
    return bytes(profile)


def without_adobe(data):
    """A JPEG without its APP14 segment."""
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0] :]


srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
p3 = display_p3(srgb)
for width, height in [(101, 77), (1, 1), (7, 9), (33, 300), (258, 130), (16, 16)]:
    image, size = scene(width, height), f"{width}x{height}"
    grey, noise = image.convert("L"), Image.fromarray(rng.integers(0, 256, (height, width), dtype=np.uint8))
    rgba, la, palette = image.copy(), image.convert("LA"), image.quantize(100)
    rgba.putalpha(noise)
    la.putalpha(noise)
    inks = Image.frombytes("CMYK", image.size, np.dstack([np.array(image), np.array(grey)[..., None]]).tobytes())
    for progressive in (False, True):
        for subsampling in (0, 1, 2):
            data = encoded(image, "JPEG", progressive=progressive, subsampling=subsampling, quality=80)
            write(f"{size}-{'progressive' if progressive else 'baseline'}-{subsampling}.jpg", data)
        write(f"{size}-grey-{progressive}.jpg", encoded(grey, "JPEG", progressive=progressive))
        write(f"{size}-cmyk-{progressive}.jpg", encoded(inks, "JPEG", progressive=progressive, quality=95))
    write(f"{size}-low.jpg", encoded(image, "JPEG", quality=5))
    write(f"{size}-cmyk-bare.jpg", without_adobe(encoded(inks, "JPEG", quality=95)))
    write(f"{size}-cmyk-profile.jpg", encoded(inks, "JPEG", icc_profile=srgb))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        write(f"{size}-exif{orientation}.jpg", encoded(image, "JPEG", exif=exif.tobytes()))
    for name, kind in (("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")):
        write(f"{size}-p3.{name}", encoded(image, kind, icc_profile=p3))
    for name, other in (("rgb", image), ("grey", grey), ("bit", image.convert("1")), ("palette", palette),
                        ("palette4", image.quantize(11)), ("palette1", image.quantize(2)), ("rgba", rgba),
                        ("la", la)):  # fmt: skip
        write(f"{size}-{name}.png", encoded(other, "PNG"))
    write(f"{size}-palette-alphas.png", encoded(palette, "PNG", transparency=bytes(range(0, 200, 2))))
    write(f"{size}-palette-key.png", encoded(palette, "PNG", transparency=3))
    write(f"{size}-rgb-key.png", encoded(image, "PNG", transparency=image.getpixel((0, 0))))
    write(f"{size}-grey-key.png", encoded(grey, "PNG", transparency=grey.getpixel((0, 0))))
    write(f"{size}-rgb16.png", png(width, height, 16, 2, width * 6))
    write(f"{size}-rgba16.png", png(width, height, 16, 6, width * 8))
    write(f"{size}-la16.png", png(width, height, 16, 4, width * 4))
    write(f"{size}-gamma.png", png(width, height, 8, 2, width * 3, chunk(b"gAMA", struct.pack(">I", 100000))))
    for depth in (1, 2, 4):
        write(f"{size}-grey-{depth}bit.png", png(width, height, depth, 0, (width * depth + 7) // 8))
    write(f"{size}-lossy.webp", encoded(image, "WEBP", quality=70))
    write(f"{size}-lossless.webp", encoded(image, "WEBP", lossless=True))
    write(f"{size}-alpha.webp", encoded(rgba, "WEBP", quality=60))
    write(f"{size}-alpha-lossless.webp", encoded(rgba, "WEBP", lossless=True))
    write(f"{size}-animated.webp", encoded(image, "WEBP", save_all=True, append_images=[scene(width, height)]))
    # Kept for its pixels' high bytes: the one kind that is not read as Pillow reads it.
    sixteen = rng.integers(0, 65536, (height, width), dtype=np.uint16)
    write(f"{size}-grey16.png", encoded(Image.fromarray(sixteen), "PNG"))
    with open(os.path.join(folder, f"{size}-grey16.png.rgb"), "wb") as file:
        file.write(np.repeat((sixteen >> 8).astype(np.uint8)[..., None], 3, axis=2).tobytes())

for name in ["101x77-baseline-2.jpg", "101x77-progressive-2.jpg", "101x77-cmyk-False.jpg", "101x77-rgb.png",
             "258x130-rgba.png", "101x77-palette.png", "101x77-lossy.webp", "101x77-lossless.webp",
             "258x130-alpha.webp"]:  # fmt: skip
    with open(os.path.join(folder, name), "rb") as file:
        sound = file.read()
    for i in range(30):
        data = bytearray(sound)
        if i < 10:
            kind, data = "truncated", data[: random.randrange(len(data))]
        elif i < 12:
            kind, data = "tail", data[: 9 - i]
        elif i < 20:
            kind = "bit"
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        elif i < 28:
            kind, at = "zeros", random.randrange(len(data))
            data[at : at + 32] = bytes(min(32, len(data) - at))
        else:
            kind = "trailing"
            data += rng.bytes(50)
        write(f"damaged-{kind}-{i}-{name}", bytes(data))

with open(os.path.join(folder, "index.json"), "w") as file:
    json.dump(index, file)
