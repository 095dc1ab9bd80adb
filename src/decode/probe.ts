import type { Limits } from '../run/limits.js';
import { corruptSample } from './corrupt.js';
import { formats } from './formats.js';
import type { Header } from './header.js';

/**
 * Reads an image's header, its size above all, for whoever draws and `decodeCrop` after that; no pixel is decoded. EXIF
 * orientation does not count.
 *
 * @throws TributaryError SAMPLE_CORRUPT where the file is empty, of no format of the allow-list, without a header, or
 *   beyond `limits.bytes` or `limits.pixels`.
 */
export async function probe(bytes: Uint8Array, limits: Limits): Promise<Header> {
  if (bytes.length === 0) throw corruptSample('empty', 'no bytes');
  if (bytes.length > limits.bytes) {
    throw corruptSample('too-many-bytes', `${bytes.length} bytes, over the limit of ${limits.bytes}`);
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const format = formats.find((candidate) => candidate.matches(buffer));
  if (format === undefined) {
    const start = buffer.toString('hex', 0, 8);
    throw corruptSample('format', `a file that is none of ${formats.map(({ name }) => name).join(', ')}: ${start}...`);
  }
  const header = format.read(buffer);
  if (header === null) throw corruptSample('header', `a ${format.name} file without a whole header`);
  if (header.width * header.height > limits.pixels) {
    const size = `${header.width} x ${header.height} pixels`;
    throw corruptSample('too-many-pixels', `${size}, over the limit of ${limits.pixels}`);
  }
  return header;
}
