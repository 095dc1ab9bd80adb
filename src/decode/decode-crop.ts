import { TributaryError } from '../errors.js';
import type { Limits } from '../run/limits.js';
import type { Box } from '../sample/draw.js';
import type { Crop, ImageSize } from './crop.js';
import { decodeTimeout } from './decode-timeout.js';
import type { Header, KeptPositions } from './header.js';
import { NativeDecoder } from './native-decoder.js';
import { probe } from './probe.js';
import { withRoom } from './room.js';

const native = new NativeDecoder();

/**
 * Decodes one box of an image, byte for byte as Pillow's `Image.open(file).convert("RGB").crop(box)`: EXIF orientation
 * and ICC profiles are ignored, alpha is dropped without compositing, grey, palette and 1-bit images are expanded, CMYK
 * goes by Pillow's formula, 16-bit grey is clipped, and of an animation the first frame counts. Rows below the box are not
 * decoded where damage there does not count.
 *
 * @param box inside the size that `probe` reads. It may be empty, as torchvision's fallback makes it for a strip of one pixel
 *   and a knob `ratio` far from 1.
 * @param probed what `probe` read of the same bytes; it is read again where absent.
 * @param since when work on the file began, by `performance.now()`: `limits.seconds` count from then.
 * @param positions what is kept of positions in the bytes, if anything; asked for where it helps.
 * @returns uint8 RGB, `[box.height, box.width, 3]`.
 * @throws TributaryError SAMPLE_CORRUPT where the bytes cannot be decoded: permanent, and decided by the bytes alone.
 *   DECODE_TIMEOUT beyond `limits.seconds`: no verdict on the file, and may succeed elsewhere. ARGUMENT_INVALID where
 *   the box does not lie inside the image.
 */
export async function decodeCrop(
  bytes: Uint8Array,
  box: Box,
  limits: Limits,
  probed?: Header,
  since = performance.now(),
  positions?: KeptPositions,
): Promise<Crop> {
  const header = probed ?? (await probe(bytes, limits));
  requireInside(box, header);
  const left = (): Limits => {
    const seconds = limits.seconds - (performance.now() - since) / 1000;
    if (seconds <= 0) throw decodeTimeout(limits.seconds, 'one that was not done by then');
    return { ...limits, seconds };
  };
  return withRoom(header.memory + 6 * box.width * box.height, left().seconds, () =>
    decodeNow(bytes, box, left, header, positions),
  );
}

async function decodeNow(
  bytes: Uint8Array,
  box: Box,
  left: () => Limits,
  header: Header,
  positions: KeptPositions | undefined,
): Promise<Crop> {
  const buffer = asBuffer(bytes);
  const direct = await header.decode?.(buffer, box, left(), positions);
  if (direct) return direct;
  const rewritten = header.rewrite?.(buffer, left()) ?? buffer;
  const { pixels, seconds } = left();
  const { data, give } = await native.decode(rewritten, { ...header, box, pixels }, seconds);
  return { data, width: box.width, height: box.height, give };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function requireInside({ top, left, width, height }: Box, image: ImageSize): void {
  const isInside =
    top >= 0 && left >= 0 && width >= 0 && height >= 0 && left + width <= image.width && top + height <= image.height;
  if (isInside) return;
  throw new TributaryError('ARGUMENT_INVALID', {
    expected: `a box inside ${image.width} x ${image.height} pixels`,
    came: `${width} x ${height} at row ${top}, column ${left}`,
    remedy: 'Draw the box from the size that probe reads of the same bytes',
  });
}
