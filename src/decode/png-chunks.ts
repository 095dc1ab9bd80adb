import { crc32, inflateSync } from 'node:zlib';

/** How the samples of a PNG lie: Pillow's raw modes by depth and colour type. */
interface PngKind {
  readonly depth: number;
  readonly colour: number;
  /** Bits of a pixel. */
  readonly bits: number;
}

/** What the chunks before the pixels say. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly kind: PngKind;
  readonly isInterlaced: boolean;
  /** Red, green and blue of the indices that the file gives; the others are grey, as Pillow has them. */
  readonly palette: Buffer | null;
  /** Where the pixels go: all of the image, but for the first frame of an animation that says otherwise. */
  readonly extent: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  /** Where the first bytes of the pixels begin, and how many they are. */
  readonly data: number;
  readonly length: number;
  /** Sequence number of the last frame chunk. */
  readonly sequence: number | null;
  readonly isAnimated: boolean;
}

const channels: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depths: Readonly<Record<number, readonly number[]>> = {
  ...{ 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] },
};
/** Texts and profiles that inflate to more are refused, as are texts of more together. */
const mostText = 1024 * 1024;
const mostTexts = 64 * mostText;
/** Pillow gives zlib so many bytes at a time. */
const blockBytes = 65536;
const name = /^[A-Za-z0-9_]{4}$/;

/** Thrown where Pillow refuses the file. */
class PngError extends Error {}

interface Chunk {
  readonly id: string;
  readonly at: number;
  readonly length: number;
}

/** A file, and what its chunks have said. */
interface Reading {
  readonly file: Buffer;
  size: { width: number; height: number };
  kind: PngKind | null;
  isInterlaced: boolean;
  palette: Buffer | null;
  transparency: Buffer | null;
  extent: PngHeader['extent'] | null;
  frames: number | null;
  sequence: number | null;
  texts: number;
  readonly check: () => void;
}

/** The next chunk's head, or null where there is none: Pillow stops there, quietly or not. */
function chunkAt(file: Buffer, at: number): Chunk | null {
  if (at + 8 > file.length) return null;
  const id = file.toString('latin1', at + 4, at + 8);
  return name.test(id) ? { id, at: at + 8, length: file.readUInt32BE(at) } : null;
}

/**
 * Reads a PNG's chunks up to its pixels as Pillow does: each with its checksum, and with a look into those that Pillow knows.
 *
 * Source: Pillow 9.4 PngImagePlugin.py, `_open` and the chunk handlers of `PngStream`.
 *
 * @param check runs before each text.
 * @returns null where Pillow refuses the file.
 */
export function readPngHeader(file: Buffer, check: () => void): PngHeader | null {
  const reading: Reading = {
    file,
    check,
    size: { width: 0, height: 0 },
    kind: null,
    isInterlaced: false,
    palette: null,
    transparency: null,
    extent: null,
    frames: null,
    sequence: null,
    texts: 0,
  };
  try {
    for (let at = 8; ; ) {
      const chunk = chunkAt(file, at);
      if (chunk === null) return null;
      const { id, length } = chunk;
      const frameData = id === 'fdAT' ? readFrameData(reading, chunk) : 0;
      // Pixels before any header are a chunk like another.
      if ((id === 'IDAT' || id === 'fdAT') && reading.kind !== null) {
        return headerOf(reading, chunk.at + frameData, length - frameData);
      }
      if (id === 'IEND') return null;
      const end = readChunk(reading, chunk);
      if (end + 4 > file.length || crc32(file.subarray(chunk.at - 4, end)) !== file.readUInt32BE(end)) return null;
      at = end + 4;
    }
  } catch (error) {
    if (error instanceof PngError) return null;
    throw error;
  }
}

function headerOf(reading: Reading, data: number, length: number): PngHeader | null {
  const { size, kind, isInterlaced, palette, frames, sequence, extent } = reading;
  const { width, height } = size;
  if (width === 0 || height === 0) return null;
  const isWhole = extent === null || (extent.left === 0 && extent.width === 0);
  if (!isWhole && (extent.width === 0 || extent.height === 0)) return null;
  if (kind!.colour === 3) {
    if (palette !== null && palette.length > 770) return null;
    if (!hasColours(palette, reading.transparency)) return null;
  }
  return {
    ...{ width, height, kind: kind!, isInterlaced, palette, data, length, sequence },
    extent: isWhole ? { left: 0, top: 0, width, height } : extent,
    isAnimated: frames !== null && frames + (extent === null ? 1 : 0) > 1,
  };
}

/** Whether Pillow finds the colour of the one index that is clear, if there is one: without a palette it does not. */
function hasColours(palette: Buffer | null, alphas: Buffer | null): boolean {
  return palette !== null || alphas === null || !/^\xff*\0\xff*\n?$/.test(alphas.toString('latin1'));
}

/** Reads one chunk for what Pillow makes of it. @returns where its data ends. */
function readChunk(reading: Reading, { id, at, length }: Chunk): number {
  const { file } = reading;
  const end = at + length;
  if (end > file.length) throw new PngError();
  const data = file.subarray(at, end);
  const least = (bytes: number) => {
    if (length < bytes) throw new PngError();
  };
  switch (id) {
    case 'IHDR':
      least(13);
      readHead(reading, data);
      break;
    case 'PLTE':
      if (reading.kind?.colour === 3) reading.palette = data;
      break;
    case 'tRNS':
      reading.transparency = data;
      if (reading.kind?.colour === 0) least(2);
      if (reading.kind?.colour === 2) least(6);
      break;
    case 'gAMA':
      least(4);
      break;
    case 'cHRM':
      if (length % 4 !== 0) throw new PngError();
      break;
    case 'sRGB':
      least(1);
      break;
    case 'pHYs':
      least(9);
      break;
    case 'acTL':
      least(8);
      readAnimation(reading, data.readUInt32BE(0));
      break;
    case 'fcTL':
      least(26);
      readFrameControl(reading, data);
      break;
    case 'iCCP':
    case 'tEXt':
    case 'zTXt':
    case 'iTXt':
      reading.check();
      reading.texts += textLength(id, data);
      if (reading.texts > mostTexts) throw new PngError();
  }
  return end;
}

function readHead(reading: Reading, data: Buffer): void {
  reading.size = { width: data.readUInt32BE(0), height: data.readUInt32BE(4) };
  const [depth, colour] = [data[8]!, data[9]!];
  // Another header of an unknown kind leaves that of the one before.
  if (depths[colour]?.includes(depth)) reading.kind = { depth, colour, bits: depth * channels[colour]! };
  if (data[12] !== 0) reading.isInterlaced = true;
  if (data[11] !== 0) throw new PngError();
}

function readAnimation(reading: Reading, frames: number): void {
  if (reading.frames !== null) reading.frames = null;
  else if (frames > 0 && frames <= 0x80000000) reading.frames = frames;
}

function readFrameControl(reading: Reading, data: Buffer): void {
  const sequence = data.readUInt32BE(0);
  if (sequence !== (reading.sequence ?? -1) + 1) throw new PngError();
  reading.sequence = sequence;
  const [width, height, left, top] = [4, 8, 12, 16].map((at) => data.readUInt32BE(at)) as [
    number,
    number,
    number,
    number,
  ];
  if (left + width > reading.size.width || top + height > reading.size.height) throw new PngError();
  reading.extent = { left, top, width, height };
}

/** @returns the bytes of a frame's data before its pixels. */
function readFrameData(reading: { file: Buffer; sequence: number | null }, { at, length }: Chunk): number {
  if (length < 4 || at + 4 > reading.file.length) throw new PngError();
  const sequence = reading.file.readUInt32BE(at);
  if (reading.sequence === null || sequence !== reading.sequence + 1) throw new PngError();
  reading.sequence = sequence;
  return 4;
}

/** Characters of a text that Pillow keeps; a profile has none. */
function textLength(id: string, data: Buffer): number {
  const end = data.indexOf(0);
  const key = end < 0 ? data : data.subarray(0, end);
  const rest = end < 0 ? data.subarray(data.length) : data.subarray(end + 1);
  if (id === 'iCCP') {
    if (end < 0) throw new PngError();
    inflateText(rest.subarray(1));
    return 0;
  }
  if (id === 'tEXt') return key.length > 0 ? rest.length : 0;
  if (id === 'zTXt') {
    if (rest.length > 0 && rest[0] !== 0) throw new PngError();
    const text = inflateText(rest.subarray(1));
    return key.length > 0 ? (text ?? '').length : 0;
  }
  if (end < 0 || rest.length < 2) return 0;
  const [isCompressed, method] = rest;
  const language = rest.indexOf(0, 2);
  const keyword = language < 0 ? -1 : rest.indexOf(0, language + 1);
  if (keyword < 0 || (isCompressed !== 0 && method !== 0)) return 0;
  const text = rest.subarray(keyword + 1);
  return (isCompressed === 0 ? text : (inflateText(text) ?? '')).length;
}

/** Inflates a text; null where it is no zlib stream, which Pillow takes for an empty one. */
function inflateText(data: Buffer): Buffer | null {
  try {
    // Room for the one byte that shows that there is more.
    const text = inflateSync(data, { maxOutputLength: mostText + 1, finishFlush: 2 });
    if (text.length > mostText) throw new PngError();
    return text;
  } catch (error) {
    if (error instanceof PngError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new PngError();
    return null;
  }
}

/**
 * The compressed pixels in the pieces in which Pillow reads them.
 *
 * Source: Pillow 9.4 PngImagePlugin.py, `load_read`.
 */
export function* pixelPieces(file: Buffer, header: PngHeader): Generator<{ piece: Buffer; end: number }> {
  const frame = { file, sequence: header.sequence };
  let { data: at, length: left } = header;
  try {
    for (;;) {
      while (left === 0) {
        const chunk = chunkAt(file, at + 4);
        if (chunk === null || !['IDAT', 'DDAT', 'fdAT'].includes(chunk.id)) return;
        const skipped = chunk.id === 'fdAT' ? readFrameData(frame, chunk) : 0;
        at = chunk.at + skipped;
        left = chunk.length - skipped;
      }
      const bytes = Math.min(blockBytes, left);
      if (at >= file.length) return;
      const piece = file.subarray(at, at + bytes);
      at += bytes;
      left -= bytes;
      yield { piece, end: at + left };
    }
  } catch (error) {
    if (error instanceof PngError) return;
    throw error;
  }
}

/**
 * Whether Pillow gets through the chunks behind the pixels, whose checksums it does not look at: `at` is where the chunk ends
 * with which the pixels were full.
 *
 * Source: Pillow 9.4 PngImagePlugin.py, `load_end`.
 */
export function endsWell(file: Buffer, header: PngHeader, at: number, check: () => void): boolean {
  const reading: Reading = {
    ...{ file, size: header, kind: header.kind, isInterlaced: false, palette: null, transparency: null, extent: null },
    ...{ frames: null, sequence: header.sequence, texts: 0, check },
  };
  try {
    for (;;) {
      const chunk = chunkAt(file, at + 4);
      const isEnd = chunk === null || chunk.id === 'IEND' || (chunk.id === 'fcTL' && header.isAnimated);
      if (isEnd) return header.kind.colour !== 3 || hasColours(header.palette, reading.transparency);
      if (chunk.id === 'fdAT') readFrameData(reading, chunk);
      at = readChunk(reading, chunk);
    }
  } catch (error) {
    if (error instanceof PngError) return false;
    throw error;
  }
}
