import sharp from 'sharp';
import './allow-list.js';

/**
 * The whole image fitted into a white square, for people to look at: uint8 RGB `[size, size, 3]`. It is resized by
 * libvips, not as a batch's samples are.
 */
export function thumbnail(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  return sharp(bytes)
    .resize(size, size, { fit: 'contain', background: 'white' })
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw()
    .toBuffer();
}
