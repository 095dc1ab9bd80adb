import { crc32 } from 'node:zlib';
import type { Split } from '../layouts/layout.js';
import { writeWhole } from '../storage/local/write-whole.js';
import { below, isLocal, storageOf } from '../storage/storages.js';
import type { Manifest } from './manifest.js';
import { openRanges, type RangeFile } from './page-reader.js';

/**
 * The file of positions beside a manifest: what is kept of each sample so that decoding its box need not read all that comes before
 * it. This room knows only whose each is; what is in them is the decoder's business, which compares their CRC-32s. A head, then where
 * each sample's begin (64 bits) and where the last ends, then all of them; little-endian.
 */
const mark = Buffer.from('tributary-scans\0');
const version = 1;
const headBytes = mark.length + 56;
/** More is kept of no sample. */
const mostBytes = 4 << 20;
const flushBytes = 1 << 20;

/** The path of the positions of a source's split, beside its manifest. Null where manifests lie in a store: none are kept there. */
export function positionsPath(indexFolder: string, source: string, split: Split): string | null {
  if (!isLocal(indexFolder)) return null;
  return below(storageOf(indexFolder).resolve(indexFolder), `${encodeURIComponent(source)}.${split}.positions`);
}

/**
 * Writes a file of positions that nobody ever sees half of.
 *
 * @param found of every sample of the manifest, in order and in batches; an empty one where there are none.
 * @throws the file system's own error, or that of `found`; nothing is left then.
 */
export async function writePositions(
  path: string,
  { count, fingerprint }: Pick<Manifest, 'count' | 'fingerprint'>,
  found: AsyncIterable<readonly Uint8Array[]>,
): Promise<void> {
  await writeWhole(path, async (file) => {
    let table = headBytes;
    let end = headBytes + 8 * (count + 1);
    let written = end;
    let starts: Buffer[] = [];
    let waiting: Uint8Array[] = [];
    const flush = async (): Promise<void> => {
      const [entries, bytes] = [Buffer.concat(starts), Buffer.concat(waiting)];
      starts = [];
      waiting = [];
      await writeAll(file, entries, table);
      await writeAll(file, bytes, written);
      table += entries.length;
      written += bytes.length;
    };
    for await (const batch of found) {
      for (const bytes of batch) {
        starts.push(word64(end));
        const kept = bytes.length > mostBytes ? new Uint8Array(0) : bytes;
        waiting.push(kept);
        end += kept.length;
      }
      if (end - written > flushBytes || starts.length > flushBytes / 8) await flush();
    }
    starts.push(word64(end));
    await flush();
    if (table !== headBytes + 8 * (count + 1)) throw new Error(`positions of other than ${count} samples`);
    await writeAll(file, headOf(count, end, fingerprint), 0);
    await file.sync();
  });
}

async function writeAll(
  file: Parameters<Parameters<typeof writeWhole>[1]>[0],
  bytes: Buffer,
  at: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

function word64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function headOf(count: number, end: number, fingerprint: string): Buffer {
  const head = Buffer.alloc(headBytes);
  mark.copy(head);
  head.writeUInt32LE(version, 20);
  head.writeBigUInt64LE(BigInt(count), 24);
  head.writeBigUInt64LE(BigInt(end), 32);
  head.write(fingerprint, 40, 'hex');
  head.writeUInt32LE(crc32(head.subarray(20)), 16);
  return head;
}

/** An open file of positions. */
export interface PositionsFile {
  /** The fingerprint of the manifest that it is of, hex. */
  readonly fingerprint: string;
  readonly count: number;
  /** What is kept of a sample, good until the next one is asked for; null where nothing is, or where it cannot be read. */
  read(index: number): Uint8Array | null;
}

/**
 * Opens a file of positions; null where it is not one that was wholly written.
 *
 * @throws the file system's own error.
 */
export function openPositions(path: string): PositionsFile | null {
  const file = openRanges(path);
  const head = file.read(0, headBytes);
  if (head.length < headBytes || !head.subarray(0, mark.length).equals(mark)) return null;
  if (head.readUInt32LE(16) !== crc32(head.subarray(20)) || head.readUInt32LE(20) !== version) return null;
  const count = Number(head.readBigUInt64LE(24));
  if (file.size < Number(head.readBigUInt64LE(32))) return null;
  return { fingerprint: head.toString('hex', 40), count, read: (index) => readOf(file, count, index) };
}

/** Whether a file of positions is of this very manifest. */
export function isOf(
  file: PositionsFile | null,
  { count, fingerprint }: Pick<Manifest, 'count' | 'fingerprint'>,
): boolean {
  return file !== null && file.fingerprint === fingerprint && file.count === count;
}

const entries = Buffer.alloc(16);
/** Enough for most; what is longer gets a buffer of its own. */
const scratch = Buffer.allocUnsafeSlow(1 << 16);

function readOf(file: RangeFile, count: number, index: number): Uint8Array | null {
  if (!(index >= 0 && index < count)) return null;
  if (file.read(headBytes + 8 * index, 16, entries).length < 16) return null;
  const start = word(0);
  const length = word(8) - start;
  if (length <= 0 || length > mostBytes || start + length > file.size) return null;
  const bytes = file.read(start, length, length > scratch.length ? undefined : scratch);
  return bytes.length < length ? null : bytes;
}

/** 64 bits of `entries`, without a BigInt for each. */
function word(at: number): number {
  return entries.readUInt32LE(at) + entries.readUInt32LE(at + 4) * 2 ** 32;
}

const opened = new Map<string, PositionsFile | null>();

/**
 * What is kept of a sample in a file of positions, which this thread opens once; null where there is nothing. Good until the next one is
 * asked for. It never throws: a sample is decoded without.
 */
export function keptPositions({ path, index }: { readonly path: string; readonly index: number }): Uint8Array | null {
  let file = opened.get(path);
  if (file === undefined) {
    file = orNull(() => openPositions(path));
    opened.set(path, file);
  }
  return file && orNull(() => file.read(index));
}

function orNull<T>(act: () => T | null): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
