import type { Format } from './header.js';

/** WebP: lossy, lossless, with alpha; of an animation the first frame on its canvas. */
export const webp: Format = {
  name: 'webp',
  loader: 'VipsForeignLoadWebpBuffer',
  matches: (bytes) =>
    bytes.length >= 12 && bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP',
  read(bytes) {
    const size = readSize(bytes);
    if (size === null || size.width === 0 || size.height === 0) return null;
    // libwebp decodes all of a frame, of four bytes a pixel, into a second one, and what comes out is a third.
    return {
      ...size,
      memory: 11 * size.width * size.height,
      decodesAll: bytes.readUInt32LE(4) + 8 > bytes.length,
    };
  },
};

function readSize(bytes: Buffer): { width: number; height: number } | null {
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      if (bytes.length < 30 || bytes.readUIntBE(23, 3) !== 0x9d012a) return null;
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    case 'VP8L': {
      if (bytes.length < 25 || bytes[20] !== 0x2f) return null;
      const packed = bytes.readUInt32LE(21);
      return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      if (bytes.length < 30) return null;
      return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
    default:
      return null;
  }
}
