"""Says what Pillow makes of image files, for compare-pillow.

    pillow_verdicts.py

On standard input: a length (uint32, little-endian) and that many bytes of a file, again and again. Answers on standard output,
in order: two lengths, that many bytes of JSON, that many bytes of `Image.open(file).convert("RGB")`. The JSON is
{"width", "height"}, or {"error"} where Pillow refuses the file.
"""

import io
import json
import signal
import struct
import sys
import warnings

from PIL import Image

warnings.simplefilter("ignore")


def verdict(data):
    """The JSON and the pixels of one file."""
    try:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        return {"width": image.width, "height": image.height}, image.tobytes()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}, b""


def main():
    """Answers until standard input ends, which Ctrl-C leaves to whoever asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while length := source.read(4):
        reply, pixels = verdict(source.read(*struct.unpack("<I", length)))
        text = json.dumps(reply).encode()
        sink.write(struct.pack("<II", len(text), len(pixels)) + text)
        sink.write(pixels)
        sink.flush()


if __name__ == "__main__":
    main()
