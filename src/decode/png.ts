import type { Box } from '../sample/draw.js';
import { corruptSample } from './corrupt.js';
import type { Crop } from './crop.js';
import { cropBuffer } from './crop-buffers.js';
import { dropDecodeModule } from './decode-module.js';
import { clockOf } from './decode-timeout.js';
import type { Format } from './header.js';
import { inflateSound } from './inflate.js';
import { inflateRows } from './inflate-rows.js';
import { endsWell, type PngHeader, pixelPieces, readPngHeader } from './png-chunks.js';
import { areFilters, type Pass, paletteOf, passesOf, unfilter, writePixels } from './png-rows.js';

/** Above this a module's memory, which can only grow, is given up after the file: a row can be long. */
const memoryBound = 16 * 1024 * 1024;
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** PNG: every colour type and depth, plain or interlaced, and the first picture of an animation. The size is IHDR's. */
export const png: Format = {
  name: 'png',
  loader: 'VipsForeignLoadPngBuffer',
  matches: (bytes) => bytes.length >= 8 && bytes.compare(signature, 0, 8, 0, 8) === 0,
  read(bytes, check) {
    const header = readPngHeader(bytes, check);
    if (header === null) return null;
    const passes = passesOf(header);
    const memory = totalOf(passes) + bytes.length + 2 * passes[0]!.stride;
    const { width, height } = header;
    return { width, height, memory, decode: (same, box, { seconds }) => decode(same, header, box, seconds) };
  },
};

/** Inflates all rows, whatever the box: damage below it must show. */
async function decode(file: Buffer, header: PngHeader, box: Box, seconds: number): Promise<Crop> {
  const passes = passesOf(header);
  const check = clockOf(seconds);
  const data = await inflate(file, header, passes, check);
  const { data: out, give } = cropBuffer(box.width * box.height * 3);
  try {
    writeBox(data, header, passes, box, out, check);
  } catch (error) {
    give();
    throw error;
  }
  dropDecodeModule(memoryBound);
  return { data: out, width: box.width, height: box.height, give };
}

/** Writes a box of the image that inflated rows make, all of which must be sound. `check` runs between two bands of rows. */
function writeBox(
  data: Buffer,
  header: PngHeader,
  passes: readonly Pass[],
  box: Box,
  out: Buffer,
  check: () => void,
): void {
  const { kind, extent, isInterlaced } = header;
  const palette = paletteOf(header);
  const isCovered = extent.width === header.width && extent.height === header.height;
  if (!isCovered) out.fill(kind.colour === 3 ? palette.subarray(0, 3) : 0);
  let at = 0;
  for (const pass of passes) {
    const rows = data.subarray(at, at + pass.stride * pass.height);
    if (!areFilters(rows, pass)) throw corruptSample('data', 'a PNG file with a row of an unknown filter');
    const needed = isInterlaced ? pass.height : Math.max(0, box.top + box.height - extent.top);
    unfilter(rows, pass, kind.bits, needed, (band, first, count) => {
      check();
      writePixels({ data: band, first, count }, pass, header, palette, box, out);
    });
    at += rows.length;
  }
}

async function inflate(file: Buffer, header: PngHeader, passes: readonly Pass[], check: () => void): Promise<Buffer> {
  const total = totalOf(passes);
  const pieces = [...pixelPieces(file, header)];
  const bytes = pieces.map(({ piece }) => piece);
  const found = (await inflateWhole(bytes, total, check)) ?? inflateRows(bytes, rowsOf(passes), total, check);
  if (found === null) throw corruptSample('data', 'a PNG file whose pixels are damaged or cut');
  if (!endsWell(file, header, pieces[found.pieces - 1]!.end, check))
    throw corruptSample('data', 'a PNG file that is cut or broken behind its pixels');
  return found.data;
}

const totalOf = (passes: readonly Pass[]) => passes.reduce((sum, { stride, height }) => sum + stride * height, 0);

function* rowsOf(passes: readonly Pass[]): Generator<number> {
  for (const { stride, height } of passes) for (let y = 0; y < height; y++) yield stride;
}

/** Beyond the rows a stream may hold a little more, which nobody reads. */
const spare = 4096;

/** Inflates a stream that is sound to its end and fills all rows; null for any other. */
async function inflateWhole(
  pieces: readonly Buffer[],
  total: number,
  check: () => void,
): Promise<{ data: Buffer; pieces: number } | null> {
  const input = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  const inflated = await inflateSound(input, total, spare, check);
  if (inflated === null) return null;
  let { used } = inflated;
  let count = 0;
  while (count < pieces.length && used > 0) used -= pieces[count++]!.length;
  return { data: inflated.data, pieces: count };
}
