import sharp, { type Sharp } from 'sharp';
import type { Box } from '../sample/draw.js';
import './allow-list.js';
import { cmykToRgb } from './cmyk.js';
import { boxIn, copyRows } from './cut-crop.js';
import type { Header } from './header.js';
import { orientedBox, seenSize } from './orientation.js';

// One image takes one thread, and no file is read twice soon.
sharp.concurrency(1);
sharp.cache(false);

/** What libvips is to decode, and how: plain data. */
export interface NativeRequest extends Pick<Header, 'width' | 'height' | 'decodesAll' | 'isCmyk' | 'orientation'> {
  readonly box: Box;
  /** The most that an image may have. */
  readonly pixels: number;
}

/**
 * The box of an image as libvips decodes it: what `decodeCrop` leaves to native code, which a file may crash.
 *
 * @returns uint8 RGB, `[box.height, box.width, 3]`. Rejects where the file is damaged.
 */
export async function nativePixels(bytes: Buffer, asked: NativeRequest): Promise<Uint8Array> {
  const { box, width, height, orientation } = asked;
  const isEmpty = box.width === 0 || box.height === 0;
  const isWholeImage = box.width === width && box.height === height;
  // Damage outside the box must not go unseen in one epoch and substitute the sample in another.
  const decodesAll = isWholeImage || isEmpty || asked.decodesAll === true;
  const image = sharp(bytes, {
    // Where all is decoded, the loader decides; what else is let through to here Pillow reads, with whatever complaint.
    failOn: asked.decodesAll ? 'error' : 'none',
    unlimited: true,
    ignoreIcc: true,
    limitInputPixels: asked.pixels,
    animated: false,
    autoOrient: false,
  });
  if (!decodesAll) image.extract({ top: box.top, left: box.left, width: box.width, height: box.height });
  const pixels = asked.isCmyk
    ? cmykToRgb(await raw(image.pipelineColourspace('cmyk').toColourspace('cmyk')))
    : await raw(image.toColourspace('srgb').removeAlpha());
  const expected = decodesAll ? asked : box;
  if (pixels.length !== expected.width * expected.height * 3)
    throw new Error(`pixels that do not fill the ${width} x ${height} of the header`);
  if (orientation) return orientedBox(pixels, seenSize(asked, orientation), orientation, box);
  if (!decodesAll || isWholeImage) return pixels;
  const cut = Buffer.allocUnsafeSlow(box.width * box.height * 3);
  copyRows(boxIn({ data: pixels, width, height }, box), 0, box.height, cut, 0);
  return cut;
}

function raw(image: Sharp): Promise<Buffer> {
  return image.raw().toBuffer();
}
