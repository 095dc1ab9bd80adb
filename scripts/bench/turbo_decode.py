"""Decoding with libjpeg-turbo alone, as decoding.py measures it: the ceiling of all that decodes JPEGs. Needs Debian's
libturbojpeg0; files that are no JPEGs are passed over.
"""

import ctypes

from decoding import measure

RGB = 0


def prepare(contents):
    turbo = ctypes.CDLL("libturbojpeg.so.0")
    turbo.tjInitDecompress.restype = ctypes.c_void_p
    size = ctypes.POINTER(ctypes.c_int)
    turbo.tjDecompressHeader3.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_ulong, size, size, size, size]
    turbo.tjDecompress2.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, *[ctypes.c_int] * 5]
    handle = turbo.tjInitDecompress()
    files = []
    for content in contents:
        width, height, *others = (ctypes.c_int() for _ in range(4))
        if turbo.tjDecompressHeader3(handle, content, len(content), width, height, *others) == 0:
            files.append((content, width.value, height.value))
    pixels = ctypes.create_string_buffer(max(3 * width * height for _, width, height in files))

    def decode(index):
        content, width, height = files[index]
        turbo.tjDecompress2(handle, content, len(content), pixels, width, 3 * width, height, RGB, 0)

    return decode, len(files)


if __name__ == "__main__":
    measure(prepare)
