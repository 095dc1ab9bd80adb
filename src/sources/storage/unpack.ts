import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { unpackZstandard } from '../../packing/zstandard.js';
import type { Packed, WholePacking } from './storage.js';

/** What every block of snappy holds but the last: most encoders pack each by itself, so that reading can begin with any. */
export const blockBytes: number = 1 << 16;

/** What a page that has to be unpacked whole may hold: it is held in memory when one of its values is read. */
export const mostWholeBytes: number = 1 << 28;

/** No block takes more packed: a copy of one byte takes five. */
export const mostPackedBytes: number = 5 * blockBytes + 5;

/** Snappy of an encoder that goes back beyond the blocks, as hyparquet-writer does, or of none. */
export class NotInBlocks extends Error {
  override readonly name = 'NotInBlocks';
}

/** The stream that was unpacked last: in an evaluation the next samples are of the same page. */
let last: { readonly name: string; readonly whole: Promise<Buffer> } | null = null;

/**
 * The bytes of a sample that lies packed with others.
 *
 * @param name of the packed bytes: another one wherever they may be others.
 * @throws Error where the packed bytes are not what they were when the sample was indexed, and what `read` rejects with.
 */
export async function unpack(
  { packing, skipped }: Packed,
  length: number,
  name: string,
  read: () => Promise<Buffer>,
): Promise<Buffer> {
  const end = skipped + length;
  if (packing === 'literal') return unpackLiteral(await read(), skipped, length);
  if (packing !== 'snappy') {
    if (last?.name !== name) last = { name, whole: read().then((bytes) => unpackWhole(packing, bytes)) };
    const { whole } = last;
    try {
      const bytes = await whole;
      if (bytes.length < end) throw new Error(`${bytes.length} bytes where ${end} were to come`);
      return Buffer.from(bytes.subarray(skipped, end));
    } catch (error) {
      if (last?.whole === whole) last = null;
      throw error;
    }
  }
  const packed = await read();
  const bytes = Buffer.allocUnsafeSlow(end);
  for (let from = 0, at = 0; from < end; from += blockBytes)
    at = unpackBlock(packed, at, bytes, from, Math.min(blockBytes, end - from));
  return bytes.subarray(skipped);
}

/** All that a stream holds. @throws Error where it is none, or more than `mostWholeBytes`. */
export async function unpackWhole(packing: WholePacking, packed: Buffer): Promise<Buffer> {
  if (packing === 'snappy-stream') return unpackSnappy(packed);
  if (packing === 'gzip') return promisify(gunzip)(packed, { maxOutputLength: mostWholeBytes });
  return unpackZstandard(packed, mostWholeBytes);
}

function unpackSnappy(packed: Buffer): Buffer {
  const { value: size, length } = varintAt(packed, 0);
  // A copy of 64 bytes takes three.
  if (size > Math.min(mostWholeBytes, 22 * packed.length))
    throw new Error(`${packed.length} bytes said to hold ${size}`);
  const bytes = Buffer.allocUnsafeSlow(size);
  const end = unpackBlock(packed, length, bytes, 0, size);
  if (end !== packed.length) throw new Error(`${end} packed bytes where ${packed.length} were to be`);
  return bytes;
}

/** A sample of `length` bytes of which the first lie as they are, and after them snappy. */
function unpackLiteral(packed: Buffer, first: number, length: number): Buffer {
  if (first > Math.min(packed.length, length)) throw new Error('the end of the packed bytes');
  const bytes = Buffer.allocUnsafeSlow(length);
  bytes.set(packed.subarray(0, first));
  const end = unpackBlock(packed, first, bytes, 0, length, first);
  if (end !== packed.length) throw new Error(`${end} packed bytes where ${packed.length} were to be`);
  return bytes;
}

/**
 * Where a byte of a block of snappy lies among the packed bytes as it is, and how many that do so begin with it.
 *
 * @param at where the block starts among the packed bytes.
 * @param position of the byte in the block.
 * @param end of what is wanted of the block.
 * @returns null where it is part of a copy, or where a copy after it goes back before it.
 */
export function literalAt(
  packed: Uint8Array,
  at: number,
  position: number,
  end: number,
): { readonly at: number; readonly length: number } | null {
  let found: { at: number; length: number } | null = null;
  let next = at;
  for (let to = 0; to < end; ) {
    const tag = packed[next++] ?? 0;
    const { width, count, back } = elementOf(packed, next, tag);
    next += width;
    const isLiteral = back === 0;
    if (isLiteral && to <= position && position < to + count)
      found = { at: next + position - to, length: to + count - position };
    if (to + count > position && (found === null || (!isLiteral && to - back < position))) return null;
    to += count;
    if (isLiteral) next += count;
  }
  return found;
}

/** What follows a tag: how wide its numbers are, how many bytes the element makes, and how far back a copy goes, 0 for a literal. */
function elementOf(packed: Uint8Array, next: number, tag: number): { width: number; count: number; back: number } {
  const kind = tag & 3;
  if (kind === 0) {
    const width = Math.max(0, (tag >>> 2) - 59);
    return { width, count: (width === 0 ? tag >>> 2 : numberAt(packed, next, width)) + 1, back: 0 };
  }
  const width = kind === 1 ? 1 : kind === 2 ? 2 : 4;
  const back = numberAt(packed, next, width) + (kind === 1 ? (tag >>> 5) << 8 : 0);
  return { width, count: kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1, back };
}

/**
 * Unpacks the first `length` bytes of a block of snappy (google/snappy, format_description.txt), or of several that follow one another.
 *
 * @param at where the block starts among the packed bytes.
 * @param from where its first byte goes in `out`.
 * @param done where what is unpacked by now ends in `out`.
 * @returns where the packed bytes end that hold these.
 * @throws Error where it is no such block.
 */
export function unpackBlock(
  packed: Uint8Array,
  at: number,
  out: Uint8Array,
  from: number,
  length: number,
  done: number = from,
): number {
  const end = from + length;
  let next = at;
  for (let to = done; to < end; ) {
    const tag = packed[next++] ?? 0;
    const { width, count, back } = elementOf(packed, next, tag);
    next += width;
    if (next > packed.length) throw new Error('the end of the packed bytes');
    if ((tag & 3) === 0) {
      const taken = Math.min(count, end - to);
      if (next + taken > packed.length) throw new Error('the end of the packed bytes');
      out.set(packed.subarray(next, next + taken), to);
      next += taken;
      to += taken;
    } else {
      if (back === 0 || back > to - from) throw new NotInBlocks('a copy from before its block');
      for (const until = Math.min(end, to + count); to < until; to++) out[to] = out[to - back]!;
    }
  }
  return next;
}

/** A little-endian number; what is beyond the end counts as 0. */
function numberAt(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

/** The number of bytes that a stream of snappy says it holds, and how many bytes say so. */
export function varintAt(bytes: Uint8Array, at: number): { value: number; length: number } {
  let value = 0;
  let length = 0;
  for (let more = true; more; length++) {
    const byte = bytes[at + length] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * length);
    more = byte >= 0x80 && length < 4;
  }
  return { value, length };
}
