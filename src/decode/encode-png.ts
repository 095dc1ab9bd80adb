import sharp from 'sharp';
import type { Crop } from './crop.js';

/** Encodes pixels as a PNG file, without loss: what the command line shows people. */
export function encodePng({ data, width, height }: Crop): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
