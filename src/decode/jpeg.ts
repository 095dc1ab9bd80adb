import { decodeBaselineJpeg } from './baseline-jpeg.js';
import { isSmoothed } from './block-smoothing.js';
import { corruptSample } from './corrupt.js';
import type { ImageSize } from './crop.js';
import { clockOf } from './decode-timeout.js';
import type { Format, Header } from './header.js';
import { openJpeg } from './jpeg-open.js';
import { readTables } from './jpeg-tables.js';
import { walkJpeg } from './jpeg-walk.js';
import { rewriteJpeg } from './rewrite-jpeg.js';

/** JPEG: baseline, progressive, arithmetic, grey and CMYK, and the first picture of an MPO. The size is that of its frame. */
export const jpeg: Format = {
  name: 'jpeg',
  loader: 'VipsForeignLoadJpegBuffer',
  matches: (bytes) => bytes.length > 3 && bytes.readUIntBE(0, 3) === 0xffd8ff,
  read(bytes, look) {
    const opened = openJpeg(bytes);
    if (opened === null) return null;
    const { width, height, components } = opened;
    const header = { width, height, isCmyk: components === 4, memory: memoryOf(bytes, width) };
    const tables = readTables(bytes);
    if (tables === null) return { ...header, ...check(bytes, header, look) };
    return {
      ...header,
      memory: header.memory + positionBytes(header),
      // Of nearly all files the decoder sees on its way that they are sound; the others are walked through then.
      decode(same, box, limits, positions) {
        const isEmpty = box.width === 0 || box.height === 0;
        const crop = isEmpty ? null : decodeBaselineJpeg(same, tables, box, limits, positions?.());
        if (crop === null) check(same, header, clockOf(limits.seconds));
        return crop;
      },
    };
  },
};

/** Twice the file and some rows, for either decoder of a file of one scan. */
const memoryOf = (bytes: Buffer, width: number) => 2 * bytes.length + 1024 * width;

/** At most, with positions in the file: 16 for each 96 x 8 pixels. */
const positionBytes = ({ width, height }: ImageSize) => Math.ceil((width * height) / 48);

/** Throws where Pillow refuses the file. What it takes, libvips takes too. @returns what its decoding takes. */
function check(
  bytes: Buffer,
  { width, height }: ImageSize,
  look: () => void,
): Pick<Header, 'memory' | 'coefficients' | 'rewrite'> {
  const walk = walkJpeg(bytes, look);
  if ('refused' in walk) throw corruptSample('data', `a JPEG file that libjpeg refuses: ${walk.refused}`);
  if (walk.frame.width !== width || walk.frame.height !== height)
    throw corruptSample('data', 'a JPEG file whose frame headers disagree');
  const memory = memoryOf(bytes, width);
  // Of several scans all coefficients are kept, 16 bits each.
  if (walk.scans === 1) return { memory };
  const several = { memory: memory + 128 * walk.frameBlocks, coefficients: 64 * walk.blocks };
  if (walk.progression === undefined || !isSmoothed(walk.frame, walk.progression)) return several;
  return {
    ...several,
    // The coefficients, and the file that is written of them.
    memory: memory + 2 * 128 * walk.frameBlocks,
    rewrite(same, { seconds }) {
      return rewriteJpeg(same, walk, clockOf(seconds));
    },
  };
}
