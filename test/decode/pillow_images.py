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
import subprocess
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


def interlaced(width, height, depth, colour, samples):
    """An interlaced PNG of random samples, with a palette that is too short where it has one."""
    rows = b""
    for top, left, down, across in ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
                                    (1, 0, 2, 1)):  # fmt: skip
        columns, lines = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0:
            stride = (columns * min(depth, 8) * samples + 7) // 8
            rows += b"".join(bytes([line % 5]) + rng.bytes(stride) for line in range(lines))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 1)
    palette = chunk(b"PLTE", rng.bytes(3 * 7)) if colour == 3 else b""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette + chunk(b"IDAT", zlib.compress(rows))
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


def without_jfif(data):
    """A JPEG without its APP0 segment, which has a resolution."""
    at = data.index(b"\xff\xe0")
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
    sixteen = rng.integers(0, 600, (height, width), dtype=np.uint16)
    write(f"{size}-grey16.png", encoded(Image.fromarray(sixteen), "PNG"))
    for depth, colour, samples in ((8, 2, 3), (16, 0, 2), (8, 6, 4), (4, 3, 1), (1, 0, 1)):
        write(f"{size}-interlaced-{depth}-{colour}.png", interlaced(width, height, depth, colour, samples))
    write(f"{size}-clear.gif", encoded(palette, "GIF", transparency=3))
    write(f"{size}-interlaced.gif", encoded(palette, "GIF", interlace=1))
    write(f"{size}-animated.gif", encoded(palette, "GIF", save_all=True, append_images=[scene(width, height)]))
    write(f"{size}-grey.gif", encoded(grey, "GIF"))
    for name, other in (("rgb", image), ("grey", grey), ("bit", image.convert("1")), ("palette", palette),
                        ("rgba", rgba)):  # fmt: skip
        write(f"{size}-{name}.bmp", encoded(other, "BMP"))
    for name, other in (("rgb", image), ("grey", grey), ("bit", image.convert("1")), ("grey16", Image.fromarray(sixteen))):
        write(f"{size}-{name}.ppm", encoded(other.convert("I") if name == "grey16" else other, "PPM"))
    for name, other in (("rgb", image), ("grey", grey), ("bit", image.convert("1")), ("palette", palette),
                        ("rgba", rgba), ("cmyk", inks), ("la", la)):  # fmt: skip
        write(f"{size}-{name}.tiff", encoded(other, "TIFF"))
        if name != "bit":
            write(f"{size}-{name}-lzw.tiff", encoded(other, "TIFF", compression="tiff_lzw"))
    write(f"{size}-fax.tiff", encoded(image.convert("1"), "TIFF", compression="group4"))
    write(f"{size}-pages.tiff", encoded(image, "TIFF", save_all=True, append_images=[grey]))
    write(f"{size}-pictures.mpo", encoded(image, "MPO", save_all=True, append_images=[scene(width, height)]))

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



def read(name):
    """The bytes of a file that was written."""
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def with_segment(jpeg, marker, data):
    """A JPEG with one more segment right after its start."""
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data + jpeg[2:]


def chunks_of(data):
    """The chunks of a PNG, whole, in order."""
    at, found = 8, []
    while at < len(data):
        end = at + 12 + struct.unpack(">I", data[at : at + 4])[0]
        found.append(data[at:end])
        at = end
    return found


def with_chunks(*chunks):
    """A PNG of these chunks."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def broken(data):
    """A chunk with a wrong checksum."""
    return data[:-1] + bytes([data[-1] ^ 1])


# Every kind of file whose verdict has once been another than Pillow's.
baseline, progressive = read("258x130-baseline-2.jpg"), read("258x130-progressive-2.jpg")
half = len(baseline) * 3 // 4
for name, marker in (("start", 0xD8), ("frame", 0xC0), ("scan", 0xDA), ("unknown", 0x07), ("restart", 0xD3), ("end", 0xD9)):
    write(f"damaged-{name}-in-scan.jpg", baseline[:half] + bytes([0xFF, marker]) + baseline[half:])
    write(f"damaged-{name}-behind.jpg", baseline[:-2] + bytes([0xFF, marker]) + baseline[-2:])
    later = len(progressive) * 3 // 4
    write(f"damaged-{name}-in-progressive.jpg", progressive[:later] + bytes([0xFF, marker]) + progressive[later:])
write("damaged-continued.jpg", baseline[:half] + baseline)
for cut in range(1, 12):
    write(f"damaged-end-cut-{cut}.jpg", baseline[:-cut])
write("damaged-end-zeros.jpg", baseline[:-2] + bytes(40))
noisy = bytearray(progressive)
for at in range(len(noisy) // 3, len(noisy) - 2, 9):
    if noisy[at] != 0xFF and noisy[at - 1] != 0xFF:
        noisy[at] = 0x55
write("damaged-many-warnings.jpg", bytes(noisy))
frame = baseline.index(b"\xff\xc0")
write("damaged-lossless.jpg", baseline[: frame + 1] + b"\xc3" + baseline[frame + 2 :])
write("damaged-exif-cut.jpg", with_segment(without_jfif(baseline), 0xE1, b"Exif\0\0II*\0\x08"))
write("damaged-exif-resolution.jpg", with_segment(without_jfif(baseline), 0xE1, b"Exif\0\0II*\0\x08\0\0\0\x02\0"
      + struct.pack("<HHIIHHII", 0x011A, 7, 1, 0, 0x0128, 3, 1, 2)))  # fmt: skip
write("damaged-jfif-empty.jpg", with_segment(baseline, 0xE0, b"JFIF"))
write("damaged-adobe-short.jpg", with_segment(baseline, 0xEE, b"Adobe"))
write("damaged-profile-short.jpg", with_segment(baseline, 0xE2, b"ICC_PROFILE\0"))
write("damaged-photoshop-short.jpg", with_segment(baseline, 0xED, b"Photoshop 3.0\x008BIM\0\0"))
arithmetic = subprocess.run(["jpegtran", "-arithmetic"], input=encoded(scene(900, 700), "JPEG", quality=97), capture_output=True)
write("damaged-arithmetic-long.jpg", arithmetic.stdout)
write("damaged-arithmetic.jpg", subprocess.run(["jpegtran", "-arithmetic"], input=baseline, capture_output=True).stdout)

ihdr, *idats, iend = chunks_of(read("258x130-rgb.png"))
bits = b"".join(each[8:-4] for each in idats)
data = chunk(b"IDAT", bits)
write("damaged-data-checksum.png", with_chunks(ihdr, broken(data), iend))
for cut in range(1, 25):
    write(f"damaged-cut-{cut}.png", with_chunks(ihdr, data, iend)[:-cut])
write("damaged-no-sum.png", with_chunks(ihdr, chunk(b"IDAT", bits[:-4]), iend))
write("damaged-wrong-sum.png", with_chunks(ihdr, chunk(b"IDAT", bits[:-1] + bytes([bits[-1] ^ 1])), iend))
write("damaged-stream.png", with_chunks(ihdr, chunk(b"IDAT", bits[: len(bits) * 3 // 4] + bytes(9)), iend))
write("damaged-two-pieces.png", with_chunks(ihdr, chunk(b"IDAT", bits[:99]), chunk(b"IDAT", b""), chunk(b"IDAT", bits[99:]), iend))
few = zlib.compress(b"".join(b"\0" + rng.bytes(258 * 3) for _ in range(50)))
write("damaged-few-rows.png", with_chunks(ihdr, chunk(b"IDAT", few), iend))
for name, extra in (("text", chunk(b"tEXt", b"a\0b")), ("size", chunk(b"pHYs", bytes(9))), ("sizes", chunk(b"pHYs", bytes(8))),
                    ("profile", chunk(b"iCCP", b"p\0\0" + zlib.compress(srgb))), ("intent", chunk(b"sRGB", b"")),
                    ("long-text", chunk(b"zTXt", b"t\0\0" + zlib.compress(bytes(2**20 + 1)))),
                    ("unknown", chunk(b"ABCD", b"x")), ("apple", chunk(b"CgBI", bytes(4))), ("header", ihdr),
                    ("gamma", chunk(b"gAMA", b"abc")), ("key", chunk(b"tRNS", b"abc"))):  # fmt: skip
    write(f"damaged-before-{name}.png", with_chunks(ihdr, extra, data, iend))
    write(f"damaged-before-{name}-checksum.png", with_chunks(ihdr, broken(extra), data, iend))
    write(f"damaged-behind-{name}-checksum.png", with_chunks(ihdr, data, broken(extra), iend))
ihdr, plte, *idats, iend = chunks_of(read("258x130-palette.png"))
write("damaged-no-palette.png", with_chunks(ihdr, *idats, iend))
write("damaged-short-palette.png", with_chunks(ihdr, chunk(b"PLTE", plte[8:38]), *idats, iend))
write("damaged-long-palette.png", with_chunks(ihdr, chunk(b"PLTE", bytes(771)), *idats, iend))
write("damaged-small.webp", encoded(Image.new("RGB", (6, 5)), "WEBP", lossless=True))
write("damaged-gif.jpg", encoded(scene(30, 20).quantize(9), "GIF"))
for name in ("258x130-rgb.bmp", "258x130-palette.gif", "258x130-interlaced.gif"):
    if os.path.exists(os.path.join(folder, name)):
        for part in (2, 3, 5):
            write(f"damaged-part-{part}-{name}", read(name)[: len(read(name)) * (part - 1) // part])


def scans_of(jpeg):
    """Where the scans of a JPEG begin."""
    at, found = 2, []
    while jpeg[at + 1] != 0xD9:
        end = at + 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        if jpeg[at + 1] == 0xDA:
            found.append(at)
            while jpeg[end] != 0xFF or jpeg[end + 1] == 0 or 0xD0 <= jpeg[end + 1] <= 0xD7:
                end += 1
        at = end
    return found


# Progressive files that lost passes, whose coefficients libjpeg then estimates.
for width, height in [(101, 77), (1, 1), (9, 40), (17, 130), (33, 300), (258, 130)]:
    image, size = scene(width, height), f"{width}x{height}"
    inks = Image.frombytes("CMYK", image.size, rng.bytes(4 * width * height))
    kinds = [(f"444-{quality}", encoded(image, "JPEG", progressive=True, subsampling=0, quality=quality)) for quality in (30, 90)]
    kinds += [(f"420-{quality}", encoded(image, "JPEG", progressive=True, subsampling=2, quality=quality)) for quality in (30, 90)]
    kinds += [("grey", encoded(image.convert("L"), "JPEG", progressive=True)), ("inks", encoded(inks, "JPEG", progressive=True))]
    kinds.append(("restarts", subprocess.run(["jpegtran", "-progressive", "-restart", "3B"], input=kinds[2][1], capture_output=True).stdout))
    for name, whole in kinds:
        starts = scans_of(whole)
        for count in range(1, len(starts)):
            if name in ("444-30", "420-90") or count in (1, 2, len(starts) - 1):
                write(f"damaged-passes-{count}-{name}-{size}.jpg", whole[: starts[count]] + b"\xff\xd9")
        for turn in range(3):
            data = bytearray(whole[: starts[1 + turn]] + b"\xff\xd9")
            at = random.randrange(starts[0] + 12, len(data))
            data[at : at + 6] = bytes(min(6, len(data) - 2 - at)) if at < len(data) - 2 else data[at : at + 6]
            write(f"damaged-passes-zeros-{turn}-{name}-{size}.jpg", bytes(data))


def lzw(data):
    """TIFF's LZW, by codes of single bytes alone."""
    bits, codes = "", 0
    for byte in data:
        if codes % 200 == 0:
            bits += f"{256:09b}"
        bits += f"{byte:09b}"
        codes += 1
    bits += f"{257:09b}"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def packed(data):
    """PackBits, with runs of two."""
    found = b""
    for at in range(0, len(data), 50):
        part = data[at : at + 50]
        found += bytes([len(part) - 1]) + part if at % 100 else b"".join(bytes([255, b]) for b in part[::2])
    return found


def doubled(data):
    """Rows of which PackBits can make runs of two."""
    return bytes(data[at - at % 2 if (at // 50) % 2 == 0 else at] for at in range(len(data)))


def tiff(order, tags, pieces, tail=b""):
    """A TIFF of these tags, whose strips or tiles are `pieces`; `tags` maps to a type and values."""
    sizes = {1: "B", 3: "H", 4: "I"}
    head = 8 + 2 + 12 * (len(tags) + 2) + 4
    place, extra, is_tiled = head, b"", 322 in tags
    entries = dict(tags)
    starts = []
    body = b""
    for piece in pieces:
        starts.append(head + len(body))
        body += piece + b"\0" * (len(piece) % 2)
    entries[324 if is_tiled else 273] = (4, starts)
    entries[325 if is_tiled else 279] = (4, [len(piece) for piece in pieces])
    place = head + len(body)
    directory = struct.pack(order + "H", len(entries))
    for tag in sorted(entries):
        kind, values = entries[tag]
        data = struct.pack(order + sizes[kind] * len(values), *values)
        if len(data) > 4:
            directory += struct.pack(order + "HHII", tag, kind, len(values), place + len(extra))
            extra += data + b"\0" * (len(data) % 2)
        else:
            directory += struct.pack(order + "HHI", tag, kind, len(values)) + data.ljust(4, b"\0")
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return start + directory + struct.pack(order + "I", 0) + body + extra + tail


# Kinds of pixels: photometric, sample format, bits of each sample, what the extra ones are.
kinds = [(photometric, 1, (bits,), ()) for photometric in (0, 1, 3) for bits in (1, 2, 4, 8)]
kinds += [(1, 1, (12,), ()), (0, 1, (16,), ()), (1, 1, (16,), ()), (1, 2, (16,), ()), (1, 1, (32,), ()), (1, 2, (32,), ()),
          (0, 3, (32,), ()), (1, 3, (32,), ()), (1, 1, (8, 8), (2,)), (3, 1, (8, 8), (2,))]  # fmt: skip
kinds += [(2, 1, (bits,) * (3 + len(extra)), extra) for bits in (8, 16) for extra in ((), (0,), (1,), (2,))]
kinds += [(2, 1, (8,) * 5, (1, 0)), (2, 1, (8,) * 6, (0, 0, 0)), (5, 1, (8,) * 4, ()), (5, 1, (8,) * 5, (0,)), (5, 1, (16,) * 4, ())]
coders = {1: bytes, 5: lzw, 8: zlib.compress, 32773: packed, 32946: zlib.compress}
flipped = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
for number, (photometric, sample_format, bits, extra) in enumerate(kinds):
    for turn in range(14):
        order = "<>"[turn % 2]
        width, height = random.randrange(1, 70), random.randrange(1, 50)
        compression = [1, 5, 8, 32773, 1, 8, 32946][turn % 7]
        across, down = (16 * random.randrange(1, 4), 16) if turn % 4 == 3 else (width, random.randrange(1, height + 1))
        planar = turn >= 7 and turn % 3 == 0 and len(bits) > 1
        samples = 1 if planar else len(bits)
        stride = (across * bits[0] * samples + 7) // 8
        pieces = []
        for _ in range(len(bits) if planar else 1):
            for top in range(0, height, down):
                for _ in range(0, width, across):
                    rows = down if across != width or turn % 4 == 3 else min(down, height - top)
                    raw = doubled(rng.bytes(rows * stride))
                    if bits[0] > 8 and sample_format < 3 and turn % 2:
                        raw = bytes(b if i % (bits[0] // 8) == (0 if order == "<" else bits[0] // 8 - 1) else 0
                                    for i, b in enumerate(raw)) if bits[0] != 12 else raw  # fmt: skip
                    if sample_format == 3:
                        raw = struct.pack(order + f"{len(raw) // 4}f", *rng.normal(120, 100, len(raw) // 4))
                    pieces.append(coders[compression](raw))
        tags = {256: (3, [width]), 257: (4, [height]), 258: (3, bits), 259: (3, [compression]), 262: (3, [photometric]),
                277: (3, [len(bits)]), 284: (3, [2 if planar else 1]), 339: (3, [sample_format])}  # fmt: skip
        if turn % 4 == 3:
            tags |= {322: (3, [across]), 323: (3, [down])}
        else:
            tags[278] = (4, [down])
        if extra:
            tags[338] = (3, extra)
        if photometric == 3:
            tags[320] = (3, rng.integers(0, 65536, 3 * 2 ** bits[0]).tolist())
        if turn % 5 == 2:
            tags[274] = (3, [random.randrange(1, 9)])
        if turn % 6 == 5 and len(bits) == 1 and bits[0] <= 8:
            tags[266] = (3, [2])
            pieces = [piece.translate(flipped) for piece in pieces]
        if compression in (5, 8, 32946) and turn % 3 == 1:
            tags[317] = (3, [3 if sample_format == 3 else 2])
        data = tiff(order, tags, pieces)
        write(f"damaged-{number}-{turn}.tiff", data)
        if turn in (1, 2, 3):
            write(f"damaged-{number}-{turn}-cut.tiff", data[: len(data) * 5 // 6])
            write(f"damaged-{number}-{turn}-bit.tiff", tiff(order, tags, [p[:-9] for p in pieces]))


def segments(data):
    """The tables of a JPEG by marker, and its scan's bytes."""
    at, found = 2, {}
    while data[at + 1] != 0xDA:
        end = at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        found.setdefault(data[at + 1], []).append(data[at + 4 : end])
        at = end
    return found, data[at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0] : -2]


def old_jpeg(width, height, subsampling, form):
    """A TIFF in JPEG of the old style: its stream is named by a tag, goes on in the strip, or has its tables elsewhere."""
    data = encoded(scene(width, height), "JPEG", subsampling=subsampling, quality=85)
    tables, scan = segments(data)
    quants = [q[at + 1 : at + 65] for q in tables[0xDB] for at in range(0, len(q), 65)]
    head = data[: len(data) - 2 - len(scan)]
    huffmans = [table[1:] for table in tables[0xC4]]
    kinds = [table[0] >> 4 for table in tables[0xC4]]
    tags = {256: (3, [width]), 257: (3, [height]), 258: (3, [8, 8, 8]), 259: (3, [6]), 262: (3, [6]), 277: (3, [3]),
            278: (3, [height])}  # fmt: skip
    if form == "stream":
        start = 8 + 2 + 12 * (len(tags) + 4) + 4
        return tiff("<", tags | {513: (4, [start]), 514: (4, [len(data)])}, [data])
    if form == "head":
        start = 8 + 2 + 12 * (len(tags) + 4) + 4
        return tiff("<", tags | {513: (4, [start]), 514: (4, [len(head)])}, [head + scan])
    dcs = [table for table, kind in zip(huffmans, kinds) if kind == 0]
    acs = [table for table, kind in zip(huffmans, kinds) if kind == 1]
    tags |= {512: (3, [1]), 530: (3, [(1, 1), (2, 1), (2, 2)][subsampling])}
    end = len(tiff("<", tags | {519: (4, [0] * 3), 520: (4, [0] * 3), 521: (4, [0] * 3)}, [scan]))
    places, tail = {}, b""
    for tag, each in ((519, quants), (520, dcs), (521, acs)):
        places[tag] = (4, [end + len(tail), end + len(tail) + len(each[0]), end + len(tail) + len(each[0])])
        tail += each[0] + each[1]
    return tiff("<", tags | places, [scan], tail)


def shared(width, height, across, down):
    """Random levels of YCbCr, of which some pixels share their colours."""
    return rng.bytes(-(-width // across) * (across * down + 2) * -(-height // down))


for subsampling in (0, 1, 2):
    for form in ("stream", "head", "tables"):
        for width, height in ((33, 21), (64, 48), (7, 5)):
            write(f"old-jpeg-{subsampling}-{form}-{width}.tiff", old_jpeg(width, height, subsampling, form))
for across, down in ((1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4), (1, 2)):
    for compression in (5, 8, 1):
        width, height = 37, 29
        tags = {256: (3, [width]), 257: (3, [height]), 258: (3, [8, 8, 8]), 259: (3, [compression]), 262: (3, [6]), 277: (3, [3]),
                278: (3, [8]), 530: (3, [across, down])}  # fmt: skip
        pieces = [coders[compression](shared(width, min(8, height - top), across, down)) for top in range(0, height, 8)]
        write(f"damaged-ycc-{across}{down}-{compression}.tiff", tiff("<", tags, pieces))
        write(f"damaged-ycc-{across}{down}-{compression}-few.tiff", tiff("<", tags, pieces[:-1]))
        tags = {key: value for key, value in tags.items() if key != 278} | {322: (3, [16]), 323: (3, [16])}
        pieces = [coders[compression](shared(16, 16, across, down)) for _ in range(6)]
        if compression != 1 and (across, down) != (4, 4):
            write(f"damaged-ycc-{across}{down}-{compression}-tiles.tiff", tiff(">", tags, pieces))
planes = {256: (3, [9]), 257: (3, [7]), 258: (3, [8, 8, 8]), 262: (3, [6]), 277: (3, [3]), 278: (3, [7]), 284: (3, [2]), 530: (3, [1, 1])}
for compression in (1, 5):
    write(f"damaged-ycc-planes-{compression}.tiff",
          tiff("<", planes | {259: (3, [compression])}, [coders[compression](rng.bytes(63)) for _ in range(3)]))  # fmt: skip
for width, height in ((101, 77), (33, 300), (5, 3), (1800, 40)):
    image = scene(width, height).convert("1")
    for name in ("group3", "group4", "tiff_ccitt"):
        whole = encoded(image, "TIFF", compression=name)
        write(f"fax-{name}-{width}.tiff", whole)
        # Of group 4 that ends early Pillow leaves rows as its memory happens to be.
        for turn in range(0 if name == "group4" else 12):
            data = bytearray(whole)
            at = random.randrange(8, len(data) * 3 // 4)
            data[at : at + 1 + turn % 3] = rng.bytes(min(1 + turn % 3, len(data) - at))
            write(f"damaged-fax-{name}-{width}-{turn}.tiff", bytes(data))
write("webp.tiff", encoded(scene(40, 30), "TIFF", compression="webp"))
for name in ("101x77-rgb-lzw.tiff", "101x77-palette-lzw.tiff", "101x77-fax.tiff"):
    for cut in (1, 2, 5, 9, 14, 20, 30, 60, 100):
        write(f"damaged-tags-cut-{cut}-{name}", read(name)[:-cut])
small = {256: (3, [9]), 257: (3, [7]), 258: (3, [8]), 259: (3, [5]), 262: (3, [1]), 277: (3, [1]), 278: (3, [7])}
for number, change in enumerate(({277: (3, [0])}, {277: (3, [1, 1])}, {284: (3, [3])}, {278: (3, [0])}, {338: (3, [1, 1])}, {338: (3, [7])},
                                 {339: (3, [9])}, {258: (3, [8, 7])}, {280: (4, [70000])}, {266: (3, [3])}, {317: (3, [2])},
                                 {317: (3, [4])}, {259: (4, [5])}, {259: (3, [5, 5])}, {296: (3, [12291])}, {340: (3, [1, 1])},
                                 {0: (3, [1])}, {32997: (4, [2])}, {262: (3, [3])})):  # fmt: skip
    write(f"damaged-small-{number}.tiff", tiff("<", small | change, [lzw(rng.bytes(63))]))
numbers = [" ".join(map(str, rng.integers(0, most + 1, 36))) for most in (1, 7, 255, 300, 65535)]
for kind, bands in ((1, 1), (2, 1), (3, 3)):
    for most, text in zip((1, 7, 255, 300, 65535), numbers, strict=True):
        head = f"P{kind} 4 #size\n3\n" + ("" if kind == 1 else f"{most}\n")
        for name, body in (("sound", text + "\n"), ("last", text[:-1]), ("short", text[:20]), ("short-blank", text[:20] + "\n"),
                           ("comment", text[:5] + "#no\n" + text[5:]), ("open", text[:20] + "#no"), ("sign", "-1 +2 " + text),
                           ("under", "1_0 " + text), ("digits", "00000000001 " + text), ("large", "65536 " + text),
                           ("long", text[:30] + " " * (1 << 20) + text[30:] + "#" + "x" * (1 << 20) + "\n1 ")):  # fmt: skip
            write(f"damaged-P{kind}-{most}-{name}.ppm", (head + body).encode())
for kind, bands in ((4, 1), (5, 1), (6, 3)):
    for most in (1, 7, 255, 300, 65534, 65535, 65536, 0):
        head = f"P{kind}\t9 5\n" + ("" if kind == 4 else f"{most}#no\r\n")
        for length in (9, 10, 45, 90, 135, 270):
            write(f"damaged-P{kind}-{most}-{length}.ppm", head.encode() + rng.bytes(length))
for number, head in enumerate((b"P6#no\n2 1 255\n", b"P6 2 1 2#no\n55 ", b"P5 -2 1 255 ", b"P5 0 1 255 ", b"P5 2 1_0 9 ", b"P5 +2 1 255\x00",
                               b"P7 2 1 255 ", b"P5 12345678901 1 255 ", b"P5\n2\n", b"P5 #a\n#b\r2 1 255\n", b"P4 9 x ", b"P6 2 1 255")):  # fmt: skip
    write(f"damaged-head-{number}.ppm", head + rng.bytes(30))
for name in ("258x130-rgb.bmp", "258x130-rgb.tiff", "258x130-rgb.png", "258x130-lossy.webp"):
    write(f"damaged-named-{name}.jpg", read(name))

for width, height in ((101, 77), (1, 1), (300, 200)):
    image = scene(width, height)
    for name, other in (("rgb", image), ("palette", image.quantize(40)), ("flat", Image.new("RGB", (width, height), "teal"))):
        for compression in ("lzma", "zstd"):
            for predictor in (1, 2):
                whole = encoded(other, "TIFF", compression=compression, tiffinfo={317: predictor, 278: 64 // predictor})
                write(f"{compression}-{name}-{width}-{predictor}.tiff", whole)
                # What becomes of damage in Zstandard depends on the code that libzstd has for a CPU.
                for turn in range(6 if compression == "lzma" and width == 101 else 0):
                    data, at = bytearray(whole), random.randrange(8, len(whole) * 3 // 4)
                    data[at : at + 1 + turn] = rng.bytes(1 + turn)
                    write(f"damaged-lzma-{name}-{predictor}-{turn}.tiff", bytes(data))

with open(os.path.join(folder, "index.json"), "w") as file:
    json.dump(index, file)
