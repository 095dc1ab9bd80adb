import type { ImageSize } from './crop.js';

/** Where a table's bytes lie in the file, and the slot it fills. */
interface Table {
  readonly slot: number;
  readonly at: number;
}

/** A component as its frame header has it, and the slots of its tables as the last scan header has them. */
export interface Component {
  readonly id: number;
  readonly across: number;
  readonly down: number;
  readonly quant: number;
  dc: number;
  ac: number;
}

/** What stands before the entropy-coded bytes of a baseline JPEG. */
export interface JpegTables extends ImageSize {
  readonly quants: readonly Table[];
  readonly huffmans: readonly (Table & { readonly isAc: boolean })[];
  readonly components: readonly Component[];
  readonly restartInterval: number;
  /** Where the entropy-coded bytes begin. */
  readonly scan: number;
}

/** libjpeg's bound on a side. */
export const mostAcross = 65500;

const nothingRead = () => ({
  width: 0,
  height: 0,
  quants: [] as Table[],
  huffmans: [] as (Table & { isAc: boolean })[],
  components: [] as Component[],
  restartInterval: 0,
  hasJfif: false,
  adobeTransform: null as number | null,
});

type Reading = ReturnType<typeof nothingRead>;

/**
 * Reads the tables of a JPEG that has one scan of Huffman-coded 8-bit samples, grey or YCbCr. Null for every other file,
 * and for one that strays from the standard at all, even where libjpeg would put up with it.
 *
 * Source: libjpeg-turbo jdmarker.c; jdapimin.c, `default_decompress_parms`.
 */
export function readTables(bytes: Buffer): JpegTables | null {
  const reading = nothingRead();
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1]!;
    const start = at + 4;
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end < start || end > bytes.length) return null;
    const segment = bytes.subarray(start, end);
    if (marker === 0xda) return isWholeScan(segment, reading) && isYcc(reading) ? { ...reading, scan: end } : null;
    if (!readSegment(marker, segment, start, reading)) return null;
    at = end;
  }
  return null;
}

function readSegment(marker: number, segment: Buffer, start: number, reading: Reading): boolean {
  switch (marker) {
    case 0xc0:
    case 0xc1:
      return readFrame(segment, reading);
    case 0xc4:
      return readHuffmans(segment, start, reading);
    case 0xdb:
      return readQuants(segment, start, reading);
    case 0xdd:
      if (segment.length !== 2) return false;
      reading.restartInterval = segment.readUInt16BE(0);
      return true;
    case 0xe0:
      reading.hasJfif ||= segment.length >= 14 && segment.toString('latin1', 0, 5) === 'JFIF\0';
      return true;
    case 0xee:
      if (segment.length >= 12 && segment.toString('latin1', 0, 5) === 'Adobe') reading.adobeTransform = segment[11]!;
      return true;
    default:
      // Other application data, and comments.
      return (marker >= 0xe1 && marker <= 0xef) || marker === 0xfe;
  }
}

function readFrame(segment: Buffer, reading: Reading): boolean {
  const count = segment[5];
  if (reading.components.length > 0 || segment[0] !== 8 || (count !== 1 && count !== 3)) return false;
  if (segment.length !== 6 + 3 * count) return false;
  reading.height = segment.readUInt16BE(1);
  reading.width = segment.readUInt16BE(3);
  if (reading.width > mostAcross || reading.height > mostAcross) return false;
  for (let at = 6; at < segment.length; at += 3) {
    const sampling = segment[at + 1]!;
    reading.components.push({
      id: segment[at]!,
      across: sampling >> 4,
      down: sampling & 15,
      quant: segment[at + 2]!,
      dc: 0,
      ac: 0,
    });
  }
  return true;
}

function readQuants(segment: Buffer, start: number, { quants }: Reading): boolean {
  for (let at = 0; at < segment.length; at += 65) {
    const slot = segment[at]!;
    // 16-bit factors have their precision in the upper half.
    if (slot > 3 || at + 65 > segment.length) return false;
    quants.push({ slot, at: start + at + 1 });
  }
  return true;
}

function readHuffmans(segment: Buffer, start: number, { huffmans }: Reading): boolean {
  for (let at = 0; at < segment.length; ) {
    const slot = segment[at]! & 15;
    const kind = segment[at]! >> 4;
    if (slot > 3 || kind > 1 || at + 17 > segment.length) return false;
    let symbols = 0;
    for (let i = 1; i <= 16; i++) symbols += segment[at + i]!;
    if (symbols > 256 || at + 17 + symbols > segment.length) return false;
    huffmans.push({ slot, isAc: kind === 1, at: start + at + 1 });
    at += 17 + symbols;
  }
  return true;
}

/** Whether the scan holds all components in order, and all of their coefficients; notes their tables. */
function isWholeScan(segment: Buffer, { components, quants }: Reading): boolean {
  const count = components.length;
  if (count === 0 || segment[0] !== count || segment.length !== 4 + 2 * count) return false;
  for (const [i, component] of components.entries()) {
    const tables = segment[2 + 2 * i]!;
    component.dc = tables >> 4;
    component.ac = tables & 15;
    if (segment[1 + 2 * i] !== component.id || component.dc > 3 || component.ac > 3) return false;
    if (!quants.some(({ slot }) => slot === component.quant)) return false;
  }
  const [first, last, approximation] = segment.subarray(1 + 2 * count);
  return first === 0 && last === 63 && approximation === 0;
}

function isYcc({ components, hasJfif, adobeTransform }: Reading): boolean {
  const [luma, cb, cr] = components;
  if (cb === undefined || cr === undefined) return true;
  if (new Set([luma!.id, cb.id, cr.id]).size < 3) return false;
  if (hasJfif) return true;
  if (adobeTransform !== null) return adobeTransform === 1;
  return !(luma!.id === 0x52 && cb.id === 0x47 && cr.id === 0x42);
}
