import type { Limits } from '../run/limits.js';
import { corruptSample } from './corrupt.js';
import { clockOf } from './decode-timeout.js';
import { formats } from './formats.js';
import type { Header } from './header.js';

/** The scans of a progressive JPEG of full colour, of as many pixels as may be, as encoders write them, go through half as much. */
const mostPasses = 32;

/** Longer files no call reads at once. */
const mostBytes = 2 ** 31 - 1;

/** Refuses a file by its length, which is known before it is read. @throws TributaryError SAMPLE_CORRUPT beyond `limits.bytes`. */
export function checkBytes(length: number, limits: Limits): void {
  const most = Math.min(limits.bytes, mostBytes);
  if (length > most) throw corruptSample('too-many-bytes', `${length} bytes, over the limit of ${most}`);
}

/**
 * Reads an image's header, its size above all, for whoever draws and `decodeCrop` after that; no pixel is decoded. EXIF
 * orientation does not count.
 *
 * @throws TributaryError SAMPLE_CORRUPT where the file is empty, of no format of the allow-list, without a header, or
 *   beyond `limits.bytes` or `limits.pixels`, or of scans without end. DECODE_TIMEOUT beyond `limits.seconds`.
 */
export async function probe(bytes: Uint8Array, limits: Limits): Promise<Header> {
  if (bytes.length === 0) throw corruptSample('empty', 'no bytes');
  checkBytes(bytes.length, limits);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const format = formats.find((candidate) => candidate.matches(buffer));
  if (format === undefined) {
    const what = unreadName(buffer) ?? `one that starts with ${buffer.toString('hex', 0, 8)}`;
    throw corruptSample('format', `no file of ${formats.map(({ name }) => name).join(', ')}, but ${what}`);
  }
  const header = format.read(buffer, clockOf(limits.seconds));
  if (header === null) throw corruptSample('header', `a ${format.name} file without a whole header`);
  if (Math.max(header.width * header.height, header.mostPixels ?? 0) > limits.pixels) {
    const size = `${header.width} x ${header.height} pixels`;
    throw corruptSample('too-many-pixels', `${size}, over the limit of ${limits.pixels}`);
  }
  if ((header.coefficients ?? 0) > mostPasses * limits.pixels) {
    const passes = Math.round(header.coefficients! / (header.width * header.height));
    throw corruptSample('too-many-scans', `scans that go through the image ${passes} times, over a limit for its size`);
  }
  return header;
}

/** Formats of images that are not read, by how they start, or by the brand of their container. */
const unread: readonly (readonly [what: string, ...starts: string[]])[] = [
  ['AVIF, which Pillow 9.4 does not read', 'ftypavif', 'ftypavis'],
  ['HEIC', 'ftyphei', 'ftyphev', 'ftypmif', 'ftypmsf'],
  ['JPEG 2000', '\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'],
  ['JPEG XL', '\0\0\0\x0cJXL ', '\xff\x0a'],
  ['SVG or HTML', '<'],
  ['PDF', '%PDF'],
];

function unreadName(file: Buffer): string | undefined {
  const start = file.toString('latin1', 0, 16);
  return unread.find(([, ...starts]) =>
    starts.some((each) => start.startsWith(each, each.startsWith('ftyp') ? 4 : 0)),
  )?.[0];
}
