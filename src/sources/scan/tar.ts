import { fill, type StoredFile } from '../storage/storage.js';

/** A regular file in a tar shard. */
export interface TarMember {
  readonly name: string;
  /** Where its bytes start in the shard. */
  readonly offset: number;
  readonly size: number;
}

/** Where a shard stops being readable, and why. */
export interface Damage {
  readonly offset: number;
  readonly what: string;
}

/** The members of a shard in its own order, up to the first damage. */
export interface TarIndex {
  readonly members: readonly TarMember[];
  readonly damage: Damage | null;
}

const block = 512;
const longestName = 1 << 20;

/**
 * Reads the headers of a tar file, and no data: ustar, GNU (long names, sizes above 8 GiB) and pax (path, size). Links,
 * folders and other members that are no regular files are passed over. What cannot be read ends the list and is told.
 *
 * @throws StorageFault where the file cannot be read at all.
 */
export async function indexTar(file: StoredFile): Promise<TarIndex> {
  const end = file.size;
  const members: TarMember[] = [];
  const bytesAt = windowOf(file);
  const damaged = (offset: number, what: string): TarIndex => ({ members, damage: { offset, what } });
  let at = 0;
  let longName: string | null = null;
  let pax = new Map<string, string>();
  while (at + block <= end) {
    const header = await bytesAt(at, block);
    if (header === null) return damaged(at, 'the file ends inside a header');
    if (header.every((byte) => byte === 0)) return { members, damage: null };
    if (!hasChecksum(header)) return damaged(at, 'a header fails its checksum');
    const type = header[156]!;
    const size = pax.has('size') ? Number(pax.get('size')) : numberAt(header, 124, 12);
    if (!Number.isSafeInteger(size) || size < 0) return damaged(at, 'a header has no size');
    const offset = at + block;
    if (offset + size > end) return damaged(at, `the file ends inside a member of ${size} bytes`);
    if (type === 0x4c || type === 0x78) {
      const data = size <= longestName ? await bytesAt(offset, size) : null;
      if (data === null) return damaged(at, `a name takes ${size} bytes`);
      if (type === 0x4c) longName = textOf(data);
      else {
        const records = paxRecords(data);
        if (records === null) return damaged(at, 'a pax header cannot be read');
        pax = records;
      }
    } else if (type !== 0x67 && type !== 0x4b) {
      const sparse = type === 0x53 || [...pax.keys()].some((key) => key.startsWith('GNU.sparse'));
      if (sparse) return damaged(at, 'a sparse member');
      if (type === 0x30 || type === 0 || type === 0x37)
        members.push({ name: pax.get('path') ?? longName ?? nameOf(header), offset, size });
      longName = null;
      pax = new Map();
    }
    at = offset + Math.ceil(size / block) * block;
  }
  return damaged(Math.min(at, end), 'the file ends without an end mark');
}

/**
 * Reads a few kilobytes at a time: the headers of a sample and its small siblings lie close together. What it gives is
 * `length` bytes at `offset`, valid until the next call, or null where the file has fewer.
 */
function windowOf(file: StoredFile): (offset: number, length: number) => Promise<Buffer | null> {
  const buffer = Buffer.alloc(4096);
  let start = 0;
  let held = 0;
  return async (offset, length) => {
    if (length > buffer.length) {
      const large = Buffer.alloc(length);
      return (await fill(file, large, offset)) < length ? null : large;
    }
    if (offset < start || offset + length > start + held) {
      held = await fill(file, buffer, offset);
      start = offset;
      if (held < length) return null;
    }
    return buffer.subarray(offset - start, offset - start + length);
  };
}

function hasChecksum(header: Buffer): boolean {
  const expected = numberAt(header, 148, 8);
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < block; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : header[i]!;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  return expected === unsigned || expected === signed;
}

/** A number in octal, or in base 256 where the first bit is set (GNU). NaN where it is neither. */
function numberAt(header: Buffer, start: number, length: number): number {
  if (header[start]! & 0x80) {
    let value = header[start]! & 0x7f;
    for (let i = start + 1; i < start + length; i++) value = value * 256 + header[i]!;
    return value;
  }
  const text = textOf(header.subarray(start, start + length)).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

function nameOf(header: Buffer): string {
  const name = textOf(header.subarray(0, 100));
  // GNU's own format keeps time stamps where POSIX keeps the prefix.
  const posix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? textOf(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function paxRecords(data: Buffer): Map<string, string> | null {
  const records = new Map<string, string>();
  let at = 0;
  while (at < data.length && data[at] !== 0) {
    const space = data.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : Number(data.toString('latin1', at, space));
    if (!(length > space - at + 1) || at + length > data.length) return null;
    const record = data.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (equals === -1) return null;
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}
