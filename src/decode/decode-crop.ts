import sharp, { type Sharp } from 'sharp';
import { TributaryError } from '../errors.js';
import type { Box } from '../sample/draw.js';
import './allow-list.js';
import type { Limits } from '../run/limits.js';
import { cmykToRgb } from './cmyk.js';
import { corruptSample } from './corrupt.js';
import type { Crop, ImageSize } from './crop.js';
import { cutCrop } from './cut-crop.js';
import { decodeTimeout } from './decode-timeout.js';
import type { Header } from './header.js';
import { orientedBox, seenSize } from './orientation.js';
import { probe } from './probe.js';
import { withRoom } from './room.js';

// One image takes one thread, as many images run at once as the pool has threads, and no file is read twice soon.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes one box of an image, byte for byte as Pillow's `Image.open(file).convert("RGB").crop(box)`: EXIF orientation
 * and ICC profiles are ignored, alpha is dropped without compositing, grey, palette and 1-bit images are expanded, CMYK
 * goes by Pillow's formula, 16-bit grey is clipped, and of an animation the first frame counts. Rows below the box are not
 * decoded where damage there does not count.
 *
 * @param box inside the size that `probe` reads. It may be empty, as torchvision's fallback makes it for a strip of one pixel
 *   and a knob `ratio` far from 1.
 * @param probed what `probe` read of the same bytes; it is read again where absent.
 * @returns uint8 RGB, `[box.height, box.width, 3]`.
 * @throws TributaryError SAMPLE_CORRUPT where the bytes cannot be decoded: permanent, and decided by the bytes alone.
 *   DECODE_TIMEOUT beyond `limits.seconds`: no verdict on the file, and may succeed elsewhere. ARGUMENT_INVALID where
 *   the box does not lie inside the image.
 */
export async function decodeCrop(bytes: Uint8Array, box: Box, limits: Limits, probed?: Header): Promise<Crop> {
  const header = probed ?? (await probe(bytes, limits));
  requireInside(box, header);
  return withRoom(header.memory + 6 * box.width * box.height, limits.seconds, () =>
    decodeNow(bytes, box, limits, header),
  );
}

async function decodeNow(bytes: Uint8Array, box: Box, limits: Limits, header: Header): Promise<Crop> {
  const isEmpty = box.width === 0 || box.height === 0;
  const direct = header.decode?.(asBuffer(bytes), box, limits);
  if (direct) return direct;
  const image = sharp(header.rewrite?.(asBuffer(bytes), limits) ?? bytes, {
    // Where all is decoded, the loader decides; what else is let through to here Pillow reads, with whatever complaint.
    failOn: header.decodesAll ? 'error' : 'none',
    unlimited: true,
    ignoreIcc: true,
    limitInputPixels: limits.pixels,
    animated: false,
    autoOrient: false,
  }).timeout({ seconds: Math.ceil(limits.seconds) });
  const isWholeImage = box.width === header.width && box.height === header.height;
  // Damage outside the box must not go unseen in one epoch and substitute the sample in another.
  const decodesAll = isWholeImage || isEmpty || header.decodesAll;
  if (!decodesAll) image.extract({ top: box.top, left: box.left, width: box.width, height: box.height });
  const pixels = header.isCmyk
    ? cmykToRgb(await decodeRaw(image.pipelineColourspace('cmyk').toColourspace('cmyk'), limits))
    : await decodeRaw(image.toColourspace('srgb').removeAlpha(), limits);
  const { orientation } = header;
  const expected = decodesAll ? header : box;
  if (pixels.length !== expected.width * expected.height * 3) {
    throw corruptSample('data', `pixels that do not fill the ${header.width} x ${header.height} of the header`);
  }
  if (orientation)
    return {
      data: orientedBox(pixels, seenSize(header, orientation), orientation, box),
      width: box.width,
      height: box.height,
    };
  const { width, height } = expected;
  return decodesAll && !isWholeImage ? cutCrop({ data: pixels, width, height }, box) : { data: pixels, width, height };
}

async function decodeRaw(image: Sharp, limits: Limits): Promise<Uint8Array> {
  try {
    return await image.raw().toBuffer();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!message.startsWith('timeout')) {
      throw corruptSample('data', `a damaged file (${message.trim().replaceAll(/\s*\n\s*/g, '; ')})`, error);
    }
    throw decodeTimeout(limits.seconds, message, error);
  }
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
