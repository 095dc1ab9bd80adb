import { corruptSample } from './corrupt.js';
import type { Format } from './header.js';
import { type IndexedImage, indexedHeader } from './indexed.js';
import { pillowChunk } from './jpeg-segments.js';

/** Thrown where Pillow refuses the file. */
class GifError extends Error {}

interface Frame {
  readonly width: number;
  readonly height: number;
  /** The frame's place in the image. */
  readonly left: number;
  readonly top: number;
  readonly across: number;
  readonly down: number;
  readonly isInterlaced: boolean;
  /** Index around the frame, where it does not cover the image. */
  readonly background: number;
  /** Red, green and blue by index; null for grey. */
  readonly palette: Buffer | null;
  readonly codeBits: number;
  /** Where the blocks of codes begin. */
  readonly data: number;
}

/** GIF: the first frame. Around it lies its transparent index, or index 0. */
export const gif: Format = {
  name: 'gif',
  loader: 'VipsForeignLoadGifBuffer',
  matches: (bytes) => /^GIF8[79]a/.test(bytes.toString('latin1', 0, 6)),
  read(bytes) {
    const frame = attempt(() => readFrame(bytes));
    if (frame === null || frame.width === 0 || frame.height === 0) return null;
    return indexedHeader(frame, (same, check): IndexedImage => {
      const indices = attempt(() => readIndices(same, frame, check));
      if (indices === null) throw corruptSample('data', 'a GIF file whose pixels are damaged or cut');
      return { indices, palette: frame.palette };
    });
  },
};

function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof GifError) return null;
    throw error;
  }
}

/** Source: Pillow 9.4 GifImagePlugin.py, `_open` and `_seek`. */
function readFrame(file: Buffer): Frame {
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > file.length) throw new GifError();
    at += count;
    return file.subarray(at - count, at);
  };
  /** A block of an extension; empty at the end of one, and at the end of the file. */
  const block = (): Buffer => {
    const length = file[at] ?? 0;
    at += 1 + length;
    return file.subarray(at - length, at);
  };
  const skipBlocks = () => {
    while (block().length > 0);
  };
  const paletteOf = (flags: number): Buffer | null => {
    const colours = take(3 << ((flags & 7) + 1));
    return colours.every((value, i) => value === Math.floor(i / 3)) ? null : colours;
  };

  const screen = take(13);
  const common = (screen[10]! & 128) !== 0 ? paletteOf(screen[10]!) : null;
  let transparent: number | null = null;
  for (;;) {
    const [tag] = take(1);
    if (tag === 0x3b) throw new GifError();
    if (tag === 0x21) {
      const [kind] = take(1);
      const first = block();
      if (kind === 249) {
        if (first.length < 3 || ((first[0]! & 1) !== 0 && first.length < 4)) throw new GifError();
        if ((first[0]! & 1) !== 0) transparent = first[3]!;
      } else if (kind === 254) {
        if (first.length > 0) skipBlocks();
        continue;
      } else if (kind === 255) {
        if (first.length === 0) throw new GifError();
        if (first.toString('latin1', 0, 11) === 'NETSCAPE2.0' && block().length === 0) throw new GifError();
      }
      skipBlocks();
    }
    if (tag !== 0x2c) continue;
    const head = take(9);
    const [left, top, across, down] = [0, 2, 4, 6].map((from) => head.readUInt16LE(from)) as [
      number,
      number,
      number,
      number,
    ];
    const local = (head[8]! & 128) !== 0 ? paletteOf(head[8]!) : null;
    const width = Math.max(screen.readUInt16LE(6), left + across);
    const height = Math.max(screen.readUInt16LE(8), top + down);
    const isWhole = left === 0 && across === 0;
    if (!isWhole && (across === 0 || down === 0)) throw new GifError();
    const codeBits = take(1)[0]!;
    if (codeBits > 12) throw new GifError();
    return {
      ...{ width, height, codeBits, data: at, palette: local ?? common, background: transparent ?? 0 },
      ...(isWhole ? { left: 0, top: 0, across: width, down: height } : { left, top, across, down }),
      isInterlaced: (head[8]! & 64) !== 0,
    };
  }
}

const tableSize = 4096;
const mostBits = 12;
/** Rows between two looks at the clock. */
const someRows = 256;

/** Source: Pillow 9.4 GifDecode.c. */
function readIndices(file: Buffer, frame: Frame, check: () => void): Buffer {
  const { width, left, top, across, down, codeBits } = frame;
  const image = Buffer.alloc(width * frame.height, frame.background);
  const rows = rowOrder(down, frame.isInterlaced);
  const clear = 1 << codeBits;
  const values = new Uint8Array(tableSize);
  const links = new Uint16Array(tableSize);
  const string = new Uint8Array(tableSize);
  let [at, left_, bits, held] = [frame.data, 0, 0, 0];
  let [next, size, lastCode, lastValue, isFresh] = [clear + 2, codeBits + 1, 0, 0, true];
  let [x, row] = [0, 0];
  const readCode = (): number => {
    while (held < size) {
      if (left_ === 0) {
        // A block is read where all of it is there; an empty one is passed over.
        left_ = at < file.length ? file[at]! : 256;
        if (at + 1 + left_ > file.length) throw new GifError();
        at++;
        continue;
      }
      bits |= file[at++]! << held;
      held += 8;
      left_--;
    }
    const code = bits & ((1 << size) - 1);
    bits >>>= size;
    held -= size;
    return code;
  };
  for (;;) {
    let code = readCode();
    if (code === clear) {
      [next, size, isFresh] = [clear + 2, codeBits + 1, true];
      continue;
    }
    if (code === clear + 1) {
      // Pillow goes on after an end only where it has not yet read all of the file.
      if (file.length - frame.data <= Math.ceil((at - frame.data) / pillowChunk) * pillowChunk) throw new GifError();
      continue;
    }
    let start = tableSize;
    if (isFresh) {
      if (code > clear) throw new GifError();
      lastValue = code;
      lastCode = code;
      isFresh = false;
    } else {
      const thisCode = code;
      if (code > next) throw new GifError();
      if (code === next) {
        string[--start] = lastValue;
        code = lastCode;
      }
      while (code >= clear) {
        if (start <= 0 || code >= tableSize) throw new GifError();
        string[--start] = values[code]!;
        code = links[code]!;
      }
      lastValue = code;
      if (next < tableSize) {
        values[next] = code;
        links[next] = lastCode;
        if (next === (1 << size) - 1 && size < mostBits) size++;
        next++;
      }
      lastCode = thisCode;
    }
    // The first value of a string, and then the rest of it.
    for (let i = start - 1; i < tableSize; i++) {
      image[(top + rows[row]!) * width + left + x] = i < start ? lastValue : string[i]!;
      if (++x < across) continue;
      x = 0;
      if (++row >= down) return image;
      if (row % someRows === 0) check();
    }
  }
}

/** Rows in the order in which they stand in the file. */
function rowOrder(height: number, isInterlaced: boolean): Uint32Array {
  const order = new Uint32Array(height);
  let at = 0;
  const passes = [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const;
  for (const [first, step] of isInterlaced ? passes : ([[0, 1]] as const))
    for (let y = first; y < height; y += step) order[at++] = y;
  return order;
}
