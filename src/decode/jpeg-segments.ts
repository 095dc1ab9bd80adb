import type { ImageSize } from './crop.js';
import type { Component } from './jpeg-tables.js';

/** What a frame header says. */
export interface Frame extends ImageSize {
  readonly components: readonly Component[];
  readonly precision: number;
  readonly isProgressive: boolean;
  readonly isArithmetic: boolean;
}

/** The tables that stand between markers, by slot: a Huffman table by its 16 counts and its symbols, a quantisation table by its factors in zigzag order. */
export interface Tables {
  frame: Frame | null;
  restartInterval: number;
  readonly quants: Map<number, Uint16Array>;
  readonly dc: Map<number, Buffer>;
  readonly ac: Map<number, Buffer>;
}

/** A scan header: its components and the band of coefficients that it refines. */
export interface Scan {
  readonly components: readonly Component[];
  readonly first: number;
  readonly last: number;
  readonly high: number;
  readonly low: number;
}

/** Pillow gives a decoder so many bytes at a time, from the file's start on. */
export const pillowChunk = 65536;

/** Thrown where libjpeg ends with an error. */
export class JpegError extends Error {}
/** Thrown where libjpeg wants more bytes than the file has. */
export class JpegEnd extends Error {}

/** Bytes of a file in order. Throws JpegEnd beyond its end. */
export interface Bytes {
  readonly file: Buffer;
  at: number;
}

export function byte(from: Bytes): number {
  if (from.at >= from.file.length) throw new JpegEnd();
  return from.file[from.at++]!;
}

function twoBytes(from: Bytes): number {
  return byte(from) * 256 + byte(from);
}

/**
 * Reads a frame header. It throws in libjpeg's order of checks, since an end before an error is no error.
 *
 * Source: libjpeg-turbo 2.1.5 jdmarker.c, `get_sof`, as are the others after their names.
 */
export function readFrame(from: Bytes, tables: Tables, isProgressive: boolean, isArithmetic: boolean): void {
  const length = twoBytes(from) - 8;
  const precision = byte(from);
  const height = twoBytes(from);
  const width = twoBytes(from);
  const count = byte(from);
  if (tables.frame !== null) throw new JpegError('a second frame header');
  if (height === 0 || width === 0 || count === 0) throw new JpegError('an image without pixels');
  if (length !== count * 3) throw new JpegError('a frame header of another length');
  const components: Component[] = [];
  for (let i = 0; i < count; i++) {
    const id = byte(from);
    const sampling = byte(from);
    components.push({ id, across: sampling >> 4, down: sampling & 15, quant: byte(from), dc: 0, ac: 0 });
  }
  tables.frame = { width, height, precision, components, isProgressive, isArithmetic };
}

/** `get_sos`. */
export function readScan(from: Bytes, { frame }: Tables): Scan {
  if (frame === null) throw new JpegError('a scan without a frame header');
  const length = twoBytes(from);
  const count = byte(from);
  if (length !== count * 2 + 6 || count < 1 || count > 4) throw new JpegError('a scan header of another length');
  const components: Component[] = [];
  // Slots of the scan that are taken decide which of two components of the same id is meant.
  const taken = new Set<number>();
  for (let i = 0; i < count; i++) {
    const id = byte(from);
    const slots = byte(from);
    const found = frame.components.slice(0, 4).find((component, at) => component.id === id && !taken.has(at));
    if (found === undefined || components.includes(found)) throw new JpegError(`a scan of a component ${id}`);
    taken.add(i);
    components.push(found);
    found.dc = slots >> 4;
    found.ac = slots & 15;
  }
  const first = byte(from);
  const last = byte(from);
  const approximation = byte(from);
  return { components, first, last, high: approximation >> 4, low: approximation & 15 };
}

/** `get_dht`. */
export function readHuffmans(from: Bytes, { dc, ac }: Tables): void {
  let length = twoBytes(from) - 2;
  while (length > 16) {
    const index = byte(from);
    const start = from.at;
    let count = 0;
    for (let i = 0; i < 16; i++) count += byte(from);
    length -= 17;
    if (count > 256 || count > length) throw new JpegError('a Huffman table of too many codes');
    for (let i = 0; i < count; i++) byte(from);
    length -= count;
    const slot = (index & 0x10) === 0 ? index : index - 0x10;
    if (slot > 3) throw new JpegError(`a Huffman table ${index}`);
    ((index & 0x10) === 0 ? dc : ac).set(slot, from.file.subarray(start, from.at));
  }
  if (length !== 0) throw new JpegError('Huffman tables of another length');
}

/** `get_dqt`. */
export function readQuants(from: Bytes, { quants }: Tables): void {
  let length = twoBytes(from) - 2;
  while (length > 0) {
    const index = byte(from);
    const isWide = index >> 4 !== 0;
    if ((index & 15) > 3) throw new JpegError(`a quantisation table ${index & 15}`);
    const factors = Uint16Array.from({ length: 64 }, () => (isWide ? twoBytes(from) : byte(from)));
    quants.set(index & 15, factors);
    length -= isWide ? 129 : 65;
  }
  if (length !== 0) throw new JpegError('quantisation tables of another length');
}

/** `get_dac`. */
export function readConditioning(from: Bytes): void {
  let length = twoBytes(from) - 2;
  while (length > 0) {
    const index = byte(from);
    const value = byte(from);
    length -= 2;
    if (index >= 32) throw new JpegError(`an arithmetic table ${index}`);
    if (index < 16 && (value & 15) > value >> 4) throw new JpegError('arithmetic bounds in the wrong order');
  }
  if (length !== 0) throw new JpegError('arithmetic tables of another length');
}

/** `get_dri`. */
export function readRestartInterval(from: Bytes, tables: Tables): void {
  if (twoBytes(from) !== 4) throw new JpegError('a restart interval of another length');
  tables.restartInterval = twoBytes(from);
}

/** `skip_variable`: whatever lies beyond the end is skipped too. */
export function skipSegment(from: Bytes): void {
  const length = twoBytes(from) - 2;
  if (length > 0) from.at += length;
}

/**
 * Refuses a Huffman table whose codes are none.
 *
 * Source: libjpeg-turbo jdhuff.c, `jpeg_make_d_derived_tbl`.
 */
export function checkHuffman(table: Buffer | undefined, isDc: boolean): void {
  if (table === undefined) throw new JpegError('a scan whose Huffman table is missing');
  let code = 0;
  let isBegun = false;
  let symbols = 0;
  let last = 0;
  for (let i = 0; i < 16; i++) if (table[i]! > 0) last = i;
  for (let i = 0; i <= last; i++) {
    const count = table[i]!;
    symbols += count;
    code += count;
    isBegun ||= count > 0;
    if (isBegun && code >= 1 << (i + 1)) throw new JpegError('a Huffman table whose codes are none');
    code <<= 1;
  }
  if (isDc && table.subarray(16, 16 + symbols).some((symbol) => symbol > 15))
    throw new JpegError('a DC symbol beyond 15');
}
