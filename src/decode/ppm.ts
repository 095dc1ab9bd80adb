import type { Box } from '../sample/draw.js';
import { corruptSample } from './corrupt.js';
import type { Crop } from './crop.js';
import { cropBuffer } from './crop-buffers.js';
import { clockOf } from './decode-timeout.js';
import type { Format } from './header.js';
import { plainSamples } from './plain-ppm.js';
import { integerOf, levelOf, mostDigits, type Pixmap } from './ppm-numbers.js';

const blanks = new Set(Buffer.from(' \t\n\v\f\r'));
const [hash, lineFeed, carriageReturn] = [35, 10, 13];
/** Rows between two looks at the clock. */
const someRows = 64;

/** PBM, PGM and PPM of up to 16 bits, raw and plain. Grey beyond 8 bits is clipped at 255, as Pillow has it. */
export const ppm: Format = {
  name: 'ppm',
  matches: (bytes) => /^P[1-6]$/.test(bytes.toString('latin1', 0, 2)),
  read(bytes) {
    const pixmap = readPixmap(bytes);
    if (pixmap === null) return null;
    const { width, height, bands, isPlain } = pixmap;
    return {
      width,
      height,
      memory: isPlain ? width * height * bands : 0,
      decode: (same, box, { seconds }) => decode(same, pixmap, box, clockOf(seconds)),
    };
  },
};

/** @returns null where Pillow refuses the file. */
function readPixmap(file: Buffer): Pixmap | null {
  // What follows the kind at once, a comment too, would be a part of its name.
  if (file.length < 3 || !blanks.has(file[2]!)) return null;
  const kind = file[1]! - 48;
  const [isBits, isPlain] = [kind === 1 || kind === 4, kind < 4];
  const numbers: number[] = [];
  let at = 3;
  while (numbers.length < (isBits ? 2 : 3)) {
    let token = '';
    while (token.length <= mostDigits) {
      const byte = file[at++];
      if (byte === undefined) break;
      if (byte === hash) {
        // A comment ends no number.
        while (at < file.length && file[at] !== lineFeed && file[at] !== carriageReturn) at++;
        at++;
      } else if (!blanks.has(byte)) token += String.fromCharCode(byte);
      else if (token !== '') break;
    }
    const number = token.length > mostDigits ? null : integerOf(token);
    if (number === null) return null;
    numbers.push(number);
  }
  const [width, height, most = null] = numbers as [number, number, number?];
  if (width <= 0 || height <= 0 || (most !== null && (most <= 0 || most > 65_535))) return null;
  return { width, height, bands: kind % 3 === 0 ? 3 : 1, most, isPlain, data: Math.min(at, file.length) };
}

function decode(file: Buffer, pixmap: Pixmap, box: Box, check: () => void): Crop {
  const { width, height, bands, most, isPlain, data: start } = pixmap;
  const wide = most !== null && most > 255;
  const samples = isPlain ? plainSamples(file, pixmap, check) : file.subarray(start);
  const bytes = isPlain || !wide ? 1 : 2;
  const isBits = most === null && !isPlain;
  const stride = isBits ? Math.ceil(width / 8) : width * bands * bytes;
  if (samples.length < stride * height) throw corruptSample('data', 'a PPM file that ends too early');
  const at = (place: number): number => {
    if (isPlain) return samples[place]!;
    const value = bytes === 1 ? samples[place]! : samples.readUInt16BE(2 * place);
    return Math.min(255, levelOf(value, most!, bands));
  };
  const { data, give } = cropBuffer(box.width * box.height * 3);
  try {
    for (let y = box.top, to = 0; y < box.top + box.height; y++) {
      if (y % someRows === 0) check();
      for (let x = box.left; x < box.left + box.width; x++, to += 3) {
        if (bands === 3) for (let band = 0; band < 3; band++) data[to + band] = at((y * width + x) * 3 + band);
        else {
          const bit = isBits ? (samples[y * stride + (x >> 3)]! >> (7 - (x & 7))) & 1 : 0;
          data.fill(isBits ? (bit === 1 ? 0 : 255) : at(y * width + x), to, to + 3);
        }
      }
    }
  } catch (error) {
    give();
    throw error;
  }
  return { data, width: box.width, height: box.height, give };
}
