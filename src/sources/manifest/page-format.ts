import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { SampleKind } from '../layouts/layout.js';
import { columnsOf, type RowBatch } from './rows.js';

/**
 * What a manifest's file has beside Arrow's own: between its record batches, which are the pages, and Arrow's footer lie the table of
 * pages, the details as JSON and a tail, so that a replica finds all of it from the end without reading what grows with samples.
 */

/** Where a page lies in the file, and the CRC-32 of its bytes. */
export interface PageEntry {
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

/** Bytes of an entry in the table of pages. */
export const entryBytes = 16;

/** Where the table of pages and the details lie. */
export interface Tail {
  readonly rowsPerPage: number;
  readonly table: number;
  /** Length of the details, which follow the table, in bytes. */
  readonly details: number;
}

const mark = Buffer.from('tributary-pages\0');
const digestBytes = 32;
const digestAt = mark.length + 16;
/** Bytes of the tail. */
export const tailBytes: number = digestAt + digestBytes;
/** What an Arrow file has after its footer: the footer's length and its own mark. */
export const arrowEnd = Buffer.from('ARROW1');
/** What it has between the tail and the footer: the end of its stream. */
export const streamEndBytes = 8;

export function encodeEntry({ offset, length, crc }: PageEntry): Buffer {
  const bytes = Buffer.alloc(entryBytes);
  bytes.writeBigUInt64LE(BigInt(offset), 0);
  bytes.writeUInt32LE(length, 8);
  bytes.writeUInt32LE(crc, 12);
  return bytes;
}

export function decodeEntry(bytes: Buffer): PageEntry {
  return { offset: Number(bytes.readBigUInt64LE(0)), length: bytes.readUInt32LE(8), crc: bytes.readUInt32LE(12) };
}

/** The CRC-32 of a page, begun with its number, so that no page is taken for another. */
export function pageCrc(page: number, bytes: Uint8Array): number {
  return crc32(bytes, page);
}

/** @param details as they lie before the tail: the tail has their digest and its own. */
export function encodeTail({ rowsPerPage, table }: Omit<Tail, 'details'>, details: Uint8Array): Buffer {
  const bytes = Buffer.alloc(tailBytes);
  mark.copy(bytes);
  bytes.writeUInt32LE(rowsPerPage, mark.length);
  bytes.writeUInt32LE(details.length, mark.length + 4);
  bytes.writeBigUInt64LE(BigInt(table), mark.length + 8);
  digestOf(bytes, details).copy(bytes, digestAt);
  return bytes;
}

/** What a tail says; null where the bytes are none. */
export function decodeTail(bytes: Buffer): Tail | null {
  if (bytes.length !== tailBytes || bytes.compare(mark, 0, mark.length, 0, mark.length) !== 0) return null;
  return {
    rowsPerPage: bytes.readUInt32LE(mark.length),
    details: bytes.readUInt32LE(mark.length + 4),
    table: Number(bytes.readBigUInt64LE(mark.length + 8)),
  };
}

/** Whether the tail and the details are as they were written. */
export function isWhole(tail: Buffer, details: Uint8Array): boolean {
  return digestOf(tail, details).equals(tail.subarray(digestAt));
}

function digestOf(tail: Buffer, details: Uint8Array): Buffer {
  return createHash('sha256').update(tail.subarray(0, digestAt)).update(details).digest();
}

/**
 * The rows of a page: the record batch's own buffers, which lie one after the other at multiples of eight bytes, without any that
 * says what is null.
 *
 * @param bytes the page, at a multiple of eight in its memory.
 */
export function rowsOfPage(bytes: Buffer, count: number, kind: SampleKind): RowBatch {
  // A message: four bytes of mark, the length of its header, the header, and the buffers.
  let at = 8 + bytes.readInt32LE(4);
  const place = (length: number): [ArrayBuffer, number] => {
    const start = bytes.byteOffset + at;
    at += Math.ceil(length / 8) * 8;
    return [bytes.buffer as ArrayBuffer, start];
  };
  const words = () => new Uint32Array(...place(4 * count), count);
  const offsets = () => new BigUint64Array(...place(8 * count), count);
  const keyOffsets = new Int32Array(...place(4 * count + 4), count + 1);
  const length = keyOffsets[count]!;
  const keys = new Uint8Array(...place(length), length);
  const sizes = words();
  const labels = new Int32Array(...place(4 * count), count);
  const members = columnsOf(kind, (_, width) => (width === 4 ? words() : offsets()));
  return { count, keys, keyOffsets, sizes, labels, members };
}
