#!/usr/bin/env python3
"""Make test/vectors: procedural images, and what stock torchvision makes of them.

    /usr/bin/python3 scripts/make_vectors.py [FOLDER]           everything
    /usr/bin/python3 scripts/make_vectors.py --views [FOLDER]   views.json alone, of the images that are there

index.json lists the recipes' knobs and, for every sample, its image, seed, knobs, the SHA-256 of the uint8 RGB before
ToTensor and the erase box; blurred samples, which may differ by a level, come with a PNG of theirs. The files of sound
formats are written byte for byte the same each time by the same libraries. Needs what torchvision_sample.py needs.
"""
import hashlib
import json
import math
import os
import sys

import numpy as np
from PIL import Image, ImageCms, ImageDraw

import torchvision_sample as spec

places = [argument for argument in sys.argv[1:] if argument != "--views"]
folder = places[0] if places else os.path.join(os.path.dirname(__file__), "..", "test", "vectors")
rng = np.random.default_rng(2)


def waves(width, height):
    """Sums of sines whose frequency grows to the right: every detail that a resize can lose."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    bands = [np.sin(60 * x * x + 9 * y), np.sin(40 * y * y + 20 * x * y), np.cos(25 * (x - 0.4) * (y + 0.3) + 5 * x)]
    return Image.fromarray((127.5 + 127.5 * np.stack(bands, -1)).astype(np.uint8))


def shapes(width, height):
    """Hard-edged shapes in saturated colours over a ramp."""
    y, x = np.mgrid[0:height, 0:width]
    ramp = np.stack([255 * x / width, 255 * y / height, 255 - 255 * x / width], -1).astype(np.uint8)
    image = Image.fromarray(ramp)
    draw = ImageDraw.Draw(image)
    for i in range(24):
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        left, top = int(rng.integers(0, width)), int(rng.integers(0, height))
        box = (left, top, left + int(rng.integers(4, width // 2 + 5)), top + int(rng.integers(4, height // 2 + 5)))
        (draw.ellipse, draw.rectangle, lambda b, fill: draw.line(b, fill, width=3))[i % 3](box, fill=colour)
    return image


def noise(width, height):
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def dim(width, height):
    """Few, dark levels: AutoContrast and Equalize have to stretch them."""
    pixels = np.asarray(waves(width, height)).astype(int) // 6 + 40
    pixels[..., 2] = 77
    return Image.fromarray(pixels.astype(np.uint8))


def display_p3():
    import struct

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2020, 1, 1, 0, 0, 0)  # its date, which would change with every run
    primaries = {b"rXYZ": (0.51512, 0.2412, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189),
                 b"bXYZ": (0.1571, 0.06657, 0.78407)}  # fmt: skip
    for i in range(struct.unpack(">I", profile[128:132])[0]):
        tag, offset, _ = struct.unpack(">4sII", profile[132 + 12 * i : 144 + 12 * i])
        if tag in primaries:
            profile[offset + 8 : offset + 20] = struct.pack(">iii", *(round(v * 65536) for v in primaries[tag]))
    return bytes(profile)


def write_images():
    """The images, by name of their file under images/."""
    os.makedirs(os.path.join(folder, "images"), exist_ok=True)
    alpha = shapes(200, 150)
    alpha.putalpha(Image.fromarray((np.mgrid[0:150, 0:200][1] * 255 // 199).astype(np.uint8)))
    ink = shapes(160, 120)
    ink = Image.frombytes("CMYK", ink.size, np.dstack([np.asarray(ink), np.asarray(ink.convert("L"))[..., None]]).tobytes())
    exif = Image.Exif()
    exif[0x0112] = 6
    files = {
        "waves.jpg": (waves(320, 240), dict(quality=90)),
        "shapes.jpg": (shapes(300, 225), dict(quality=85, subsampling=0)),
        "progressive.jpg": (waves(240, 200), dict(progressive=True, quality=75)),
        "grey.jpg": (waves(210, 160).convert("L"), dict(quality=85)),
        "cmyk.jpg": (ink, dict(quality=90)),
        "p3.jpg": (shapes(180, 140), dict(quality=85, icc_profile=display_p3())),
        "exif6.jpg": (shapes(200, 120), dict(quality=85, exif=exif.tobytes())),
        "wide.jpg": (waves(500, 33), dict(quality=90)),
        "alpha.png": (alpha, {}),
        "palette.png": (shapes(180, 180).quantize(60), dict(transparency=bytes(range(0, 240, 4)))),
        "tiny.png": (noise(9, 7), {}),
        "noise.png": (noise(120, 90), {}),
        "dim.png": (dim(160, 160), {}),
        "tall.webp": (waves(60, 400), dict(quality=80)),
        "lossless.webp": (shapes(140, 100), dict(lossless=True)),
    }
    for name, (image, options) in files.items():
        image.save(os.path.join(folder, "images", name), **options)
    return list(files)


def seed_of(*words):
    """A seed by identity: vectors stay as they are when others come."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, words)).encode()).digest()[:4], "little")


def seed_where(condition, *words):
    """The first seed of a family whose draws meet a condition."""
    for attempt in range(100_000):
        seed = seed_of(*words, attempt)
        if condition(seed):
            return seed
    raise ValueError(f"no seed for {words}")


COMBINATIONS = {
    "autoaugment": dict(auto_augment="autoaugment"),
    "jitter80": dict(color_jitter=0.8, gaussian_blur=0.0),
    "flipud": dict(flipud=0.5, gaussian_blur=0.0),
    "crop40": dict(scale=[0.4, 1.0], gaussian_blur=0.0),
    "square": dict(ratio=[1.0, 1.0], gaussian_blur=0.0),
    "bilinear": dict(interpolation="BILINEAR", gaussian_blur=0.0),
    "nearest": dict(interpolation="NEAREST", gaussian_blur=0.0),
    "both": dict(auto_augment="randaugment", force_color_jitter=True, erasing=1.0, gaussian_blur=0.0),
    "heavy": dict(gaussian_blur=1.0, solarize=1.0, grayscale=0.0),
    "grey": dict(grayscale=1.0, gaussian_blur=0.0),
    "plain": dict(hsv_h=0.0, hsv_s=0.0, hsv_v=0.0, grayscale=0.0, gaussian_blur=0.0, solarize=0.0, fliplr=0.0),
    "hue": dict(hsv_h=0.5, hsv_s=0.0, hsv_v=0.0, gaussian_blur=0.0),
}


def policy_rows():
    """RandAugment once per operation and sign, and each distinct operation of AutoAugment's policies, per filter."""
    for interpolation in ("BICUBIC", "BILINEAR", "NEAREST"):
        geometric = {"ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"}
        names = ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"]
        if interpolation == "BICUBIC":
            names += ["Identity", "Brightness", "Color", "Contrast", "Sharpness", "Posterize", "Solarize",
                      "AutoContrast", "Equalize"]  # fmt: skip
        for name in names:
            signed = name in geometric or name in {"Brightness", "Color", "Contrast", "Sharpness"}
            for sign in (1, -1) if signed else (1,):
                knobs = dict(auto_augment="randaugment", interpolation=interpolation)

                def first(seed):
                    (drawn, magnitude), (other, _) = spec.drawn(50, 50, seed, 96, **{**spec.BASE, **knobs})["policy"]
                    return drawn == name and (not signed or math.copysign(1, magnitude) == sign) and other != drawn

                label = f"rand-{name}{'' if not signed else '-plus' if sign > 0 else '-minus'}-{interpolation.lower()}"
                image = ("shapes.jpg", "dim.png", "noise.png", "waves.jpg")[seed_of(label) % 4]
                yield label, image, "default", (96, 128)[seed_of(label, "size") % 2], knobs, first
    for name in ("Invert", "Posterize", "Solarize", "Rotate", "Color", "Contrast", "Sharpness", "ShearX", "Equalize",
                 "AutoContrast"):  # fmt: skip
        for sign in (1, -1) if name in {"Rotate", "Color", "Contrast", "Sharpness", "ShearX"} else (1,):
            knobs = dict(auto_augment="autoaugment")

            def has(seed):
                policy = spec.drawn(50, 50, seed, 96, **{**spec.BASE, **knobs})["policy"]
                return any(drawn == name and math.copysign(1, magnitude) == sign for drawn, magnitude in policy)

            label = f"auto-{name}-{'plus' if sign > 0 else 'minus'}"
            yield label, ("shapes.jpg", "dim.png")[seed_of(label) % 2], "default", 128, knobs, has


def rows(images):
    """(name, image, recipe, seed, size, split, overrides) of every vector."""
    for image in images:
        stem = image.split(".")[0]
        for recipe, size in (("dinov3", 224), ("dinov3", 96), ("default", 128)):
            name = f"{stem}-{recipe}-{size}"
            # One blurred sample of each image would be many PNGs: blurs have their own rows below.
            overrides = dict(gaussian_blur=0.0) if recipe == "dinov3" else {}
            yield name, image, recipe, seed_of(name), size, "train", overrides
        yield f"{stem}-val", image, "dinov3", 0, (96, 128, 224)[len(stem) % 3], "val", {}
    for label, overrides in COMBINATIONS.items():
        for image, size in (("waves.jpg", 96), ("shapes.jpg", 128), ("alpha.png", 96)):
            name = f"{image.split('.')[0]}-{label}"
            yield name, image, "dinov3", seed_of(name), size, "train", overrides
    for recipe in spec.RECIPES:
        name = f"recipe-{recipe}"
        yield name, "shapes.jpg", recipe, seed_of(name), 96, "train", {}
    for sigma in ("low", "middle", "high"):
        for image in ("noise.png", "shapes.jpg"):
            name = f"{image.split('.')[0]}-blur-{sigma}"
            low, high = dict(low=(0.26, 0.5), middle=(0.9, 1.2), high=(1.8, 2.0))[sigma]
            overrides = dict(gaussian_blur=1.0)

            def within(seed):
                return low < spec.drawn(50, 50, seed, 96, **{**spec.DINOV3, **overrides})["blur"] < high

            yield name, image, "dinov3", seed_where(within, name), 96, "train", overrides
    for name, image, recipe, size, overrides, condition in policy_rows():
        yield name, image, recipe, seed_where(condition, name), size, "train", overrides
    yield "waves-val-bilinear", "waves.jpg", "dinov3", 0, 96, "val", dict(interpolation="BILINEAR")


def write_views():
    """views.json: samples of several views, with a digest of each view, and the blurred ones of a sample side by side in one PNG."""
    sizes = dict(global_size=72, local_size=40, local_count=4)
    cases = {
        "dinov2": [sizes, dict(sizes, local_count=2)],
        "dinov3_vitl": [sizes, dict(sizes, gram_size=56, global_gaussian_blur=[1, 0.1], local_solarize=[0, 1, 0.5, 1])],
        "dinov3_7b": [sizes, dict(sizes, blur_sigma=[0.1, 5])],
        "dinov3_gram": [dict(sizes, gram_size=100), dict(sizes, gram_size=56)],
        "dinov3_shared": [sizes, dict(sizes, grayscale=0.8)],
    }
    images = sorted(name for name in os.listdir(os.path.join(folder, "images")))
    samples = []
    for recipe, settings in cases.items():
        for number, own in enumerate(settings * 2):
            name = f"views-{recipe}-{number}"
            image = images[seed_of(name) % len(images)]
            picture = Image.open(os.path.join(folder, "images", image))
            groups = spec.resolve_views(recipe, own)
            made = spec.sample_views(picture, seed_of(name), groups, recipe == "dinov3_shared")
            made = [(view, out, uncertain is not None) for view, out, uncertain in made]
            views = [dict(name=view, size=out.width, blurred=blurred, sha256=spec.digest(out)) for view, out, blurred in made]
            row = dict(name=name, image=f"images/{image}", recipe=recipe, settings=own, seed=seed_of(name), views=views)
            strip = [np.asarray(out) for _, out, blurred in made if blurred]
            if strip:
                tall = max(len(out) for out in strip)
                padded = [np.pad(out, ((0, tall - len(out)), (0, 0), (0, 0))) for out in strip]
                row["expected"] = f"expected/{name}.png"
                Image.fromarray(np.concatenate(padded, 1)).save(os.path.join(folder, row["expected"]), optimize=True)
            samples.append(row)
    with open(os.path.join(folder, "views.json"), "w") as file:
        json.dump(samples, file, indent=1)
        file.write("\n")
    print(f"{len(samples)} samples of several views")


def main():
    if "--views" in sys.argv:
        return write_views()
    images, samples = write_images(), []
    os.makedirs(os.path.join(folder, "expected"), exist_ok=True)
    for old in os.listdir(os.path.join(folder, "expected")):
        os.remove(os.path.join(folder, "expected", old))
    for name, image, recipe, seed, size, split, overrides in rows(images):
        knobs = {**spec.RECIPES[recipe], **overrides}
        picture = Image.open(os.path.join(folder, "images", image)).convert("RGB")
        if split == "val":
            out, erase, blurred = spec.evaluation(size, knobs["interpolation"])(picture), None, False
        else:
            out, erase, uncertain = spec.sample(picture, seed, size, **knobs)
            blurred = uncertain is not None
        row = dict(name=name, image=f"images/{image}", recipe=recipe, seed=seed, size=size, split=split,
                   sha256=spec.digest(out), erase=erase, blurred=blurred)  # fmt: skip
        if overrides:
            row["overrides"] = overrides
        if blurred:
            row["expected"] = f"expected/{name}.png"
            out.save(os.path.join(folder, row["expected"]), optimize=True)
        samples.append(row)
    with open(os.path.join(folder, "index.json"), "w") as file:
        json.dump(dict(recipes=spec.RECIPES, samples=samples), file, indent=1)
        file.write("\n")
    write_views()
    print(f"{len(samples)} vectors, {sum(s['blurred'] for s in samples)} blurred")


if __name__ == "__main__":
    main()
