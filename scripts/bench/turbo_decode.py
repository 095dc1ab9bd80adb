"""Decoding with libjpeg-turbo alone, whole files, a process a core, from bytes in memory: the ceiling of all that decodes JPEGs.

One argument, JSON: folder, workers, seconds. Prints {"event": "begin"} and {"event": "end", "images", "seconds"}, one line
each. Needs Debian's libturbojpeg0; files that are no JPEGs are passed over.
"""

import ctypes
import glob
import json
import multiprocessing
import os
import sys
import time

FILES = 256
RGB = 0


def library():
    turbo = ctypes.CDLL("libturbojpeg.so.0")
    turbo.tjInitDecompress.restype = ctypes.c_void_p
    size = ctypes.POINTER(ctypes.c_int)
    turbo.tjDecompressHeader3.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_ulong, size, size, size, size]
    turbo.tjDecompress2.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, *[ctypes.c_int] * 5]
    return turbo


def size_of(turbo, handle, content):
    """Width and height; None for what is no JPEG."""
    found = [ctypes.c_int() for _ in range(4)]
    return None if turbo.tjDecompressHeader3(handle, content, len(content), *found) else (found[0].value, found[1].value)


def decode(contents, seconds, start, results):
    turbo = library()
    handle = turbo.tjInitDecompress()
    sizes = [size_of(turbo, handle, content) for content in contents]
    pixels = ctypes.create_string_buffer(max(3 * width * height for width, height in sizes))
    start.wait()
    end, images = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        index = images % len(contents)
        width, height = sizes[index]
        turbo.tjDecompress2(handle, contents[index], len(contents[index]), pixels, width, 3 * width, height, RGB, 0)
        images += 1
    results.put(images)


def main():
    asked = json.loads(sys.argv[1])
    turbo = library()
    handle = turbo.tjInitDecompress()
    contents = []
    for path in sorted(glob.glob(os.path.join(asked["folder"], "train", "*", "*")))[:FILES]:
        with open(path, "rb") as file:
            content = file.read()
        if size_of(turbo, handle, content) is not None:
            contents.append(content)
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(asked["workers"] + 1), context.SimpleQueue()
    workers = [
        context.Process(target=decode, args=(contents, asked["seconds"], start, results))
        for _ in range(asked["workers"])
    ]
    for worker in workers:
        worker.start()
    start.wait()
    begun = time.monotonic()
    print(json.dumps({"event": "begin"}), flush=True)
    images = sum(results.get() for _ in workers)
    print(json.dumps({"event": "end", "images": images, "seconds": time.monotonic() - begun}), flush=True)
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
