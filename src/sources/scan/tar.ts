import { isUtf8 } from 'node:buffer';
import { shownBytes } from '../storage/shown-name.js';
import type { StoredFile } from '../storage/storage.js';
import type { LeftOutKind } from './left-out.js';
import { windowOf } from './window.js';

/** A regular file in a tar shard, or a hard link to one before it. */
export interface TarMember {
  readonly name: string;
  /** Where its bytes start in the shard. */
  readonly offset: number;
  readonly size: number;
}

/** A member that cannot be read where it lies, or whose name is no key; folders are none of these. */
interface OddMember {
  readonly kind: LeftOutKind;
  /** For people. */
  readonly name: string;
}

/** Where a shard stops being readable, and why. */
export interface Damage {
  readonly offset: number;
  readonly what: string;
}

/** The members of a shard in its own order, up to the first damage. */
export interface TarIndex {
  readonly members: readonly TarMember[];
  readonly odd: readonly OddMember[];
  readonly damage: Damage | null;
}

const block = 512;
const longestName = 1 << 20;

/** Type flags of members. */
const hardLink = 0x31;
const symbolicLink = 0x32;
const folder = 0x35;
const sparse = 0x53;
const files: ReadonlySet<number> = new Set([0, 0x30, 0x37]);
/** Of members that have no data whatever their size says: links, devices, folders, FIFOs. */
const withoutData: ReadonlySet<number> = new Set([hardLink, symbolicLink, 0x33, 0x34, folder, 0x36]);
/** Of what tells of the next member: GNU's long name and long link name, pax headers of POSIX and of Solaris. */
const longName = 0x4c;
const longLink = 0x4b;
const paxHeaders: ReadonlySet<number> = new Set([0x78, 0x58]);
const globalPax = 0x67;

/**
 * Reads the headers of a tar file, and no data: ustar, GNU (long names, sizes above 8 GiB, old sparse members) and pax
 * (path, linkpath, size, sparse members). Archives after one another are read as one (`tar --ignore-zeros`). A hard link is
 * the member that it leads to. What cannot be read ends the list and is told.
 *
 * @throws StorageFault where the file cannot be read at all.
 */
export async function indexTar(file: StoredFile): Promise<TarIndex> {
  const end = file.size;
  const members: TarMember[] = [];
  const odd: OddMember[] = [];
  const bytesAt = windowOf(file);
  const linked = linksInto(members);
  const damaged = (offset: number, what: string): TarIndex => ({ members, odd, damage: { offset, what } });
  let at = 0;
  let ended = false;
  let told = new Map<string, Buffer>();
  while (at + block <= end) {
    const header = await bytesAt(at, block);
    if (header === null) return damaged(at, 'the file ends inside a header');
    if (header.every((byte) => byte === 0)) {
      ended = true;
      at += block;
      continue;
    }
    if (!hasChecksum(header))
      return damaged(at, ended ? 'what follows the end mark is no archive' : notTar(header, at));
    ended = false;
    const type = header[156]!;
    const paxSize = told.get('size');
    const size = withoutData.has(type) ? 0 : paxSize ? Number(paxSize) : numberAt(header, 124, 12);
    if (!Number.isSafeInteger(size) || size < 0) return damaged(at, 'a header has no size');
    // The header is gone from the window once more is read.
    const name = told.get('GNU.sparse.name') ?? told.get('path') ?? told.get('long') ?? nameOf(header);
    const target = told.get('linkpath') ?? told.get('longLink') ?? field(header, 157, 100);
    let offset = at + block;
    for (let more = type === sparse && header[482] !== 0; more; offset += block) {
      const extension = await bytesAt(offset, block);
      if (extension === null) return damaged(at, 'the file ends inside a sparse header');
      more = extension[504] !== 0;
    }
    if (offset + size > end) return damaged(at, `the file ends inside a member of ${size} bytes`);
    if (type === longName || type === longLink || paxHeaders.has(type)) {
      const data = size <= longestName ? await bytesAt(offset, size) : null;
      if (data === null) return damaged(at, `a name takes ${size} bytes`);
      if (type === longName) told.set('long', field(data, 0, size));
      else if (type === longLink) told.set('longLink', field(data, 0, size));
      else {
        const records = paxRecords(data);
        if (records === null) return damaged(at, 'a pax header cannot be read');
        told = new Map([...told].filter(([key]) => key.startsWith('long')).concat([...records]));
      }
    } else if (type !== globalPax) {
      const from = type === hardLink ? linked(target) : { offset, size };
      const why = whyOdd(type, told, name, from !== null);
      if (why !== null) odd.push({ kind: why, name: shownBytes(name) });
      else if (type !== folder) members.push({ name: name.toString('utf8'), offset: from!.offset, size: from!.size });
      told = new Map();
    }
    at = offset + Math.ceil(size / block) * block;
  }
  return ended ? { members, odd, damage: null } : damaged(Math.min(at, end), 'the file ends without an end mark');
}

function whyOdd(type: number, told: ReadonlyMap<string, Buffer>, name: Buffer, isThere: boolean): LeftOutKind | null {
  if (type === folder) return null;
  if (type === sparse || [...told.keys()].some((key) => key.startsWith('GNU.sparse'))) return 'member_sparse';
  if (type === symbolicLink || (type === hardLink && !isThere)) return 'member_link';
  if (!files.has(type) && type !== hardLink) return 'member_kind';
  return isUtf8(name) && !name.includes(0) ? null : 'name_not_utf8';
}

/** Finds the last member before a hard link that has its target's name. */
function linksInto(members: readonly TarMember[]): (target: Buffer) => TarMember | null {
  const plain = (name: string) => name.replace(/^(\.\/)+/, '');
  const byName = new Map<string, TarMember>();
  let known = 0;
  return (target) => {
    for (; known < members.length; known++) byName.set(plain(members[known]!.name), members[known]!);
    return byName.get(plain(target.toString('utf8'))) ?? null;
  };
}

/** What a file is that has no header at `at`. */
function notTar(header: Buffer, at: number): string {
  const start = header.toString('hex', 0, 4);
  const packed = Object.entries({ '1f8b': 'gzip', '28b52ffd': 'zstd', '425a68': 'bzip2', fd377a58: 'xz' });
  const [, by] = packed.find(([magic]) => at === 0 && start.startsWith(magic)) ?? [];
  return by === undefined ? 'a header fails its checksum' : `it is compressed with ${by}: unpack it`;
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
  const text = field(header, start, length).toString('latin1').trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

/** A copy of the bytes of a field, up to the NUL in it. */
function field(bytes: Buffer, start: number, length: number): Buffer {
  const end = bytes.subarray(start, start + length).indexOf(0);
  return Buffer.from(bytes.subarray(start, start + (end === -1 ? length : end)));
}

function nameOf(header: Buffer): Buffer {
  const name = field(header, 0, 100);
  // GNU's own format keeps time stamps where POSIX keeps the prefix.
  const posix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? field(header, 345, 155) : Buffer.alloc(0);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]);
}

/** The records of a pax header: names are bytes, whatever they should be. */
function paxRecords(data: Buffer): Map<string, Buffer> | null {
  const records = new Map<string, Buffer>();
  let at = 0;
  while (at < data.length && data[at] !== 0) {
    const space = data.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : Number(data.toString('latin1', at, space));
    if (!(length > space - at + 1) || at + length > data.length) return null;
    const record = data.subarray(space + 1, at + length - 1);
    const equals = record.indexOf(0x3d);
    if (equals === -1) return null;
    records.set(record.toString('utf8', 0, equals), Buffer.from(record.subarray(equals + 1)));
    at += length;
  }
  return records;
}
