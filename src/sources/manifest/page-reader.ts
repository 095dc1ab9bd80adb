import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import type { SampleKind } from '../layouts/layout.js';
import {
  arrowEnd,
  decodeEntry,
  decodeTail,
  entryBytes,
  isWhole,
  pageCrc,
  rowsOfPage,
  streamEndBytes,
  tailBytes,
} from './page-format.js';
import type { Pages } from './pages.js';
import type { RowBatch } from './rows.js';

/** A file that is read by ranges. */
export interface RangeFile {
  readonly size: number;
  /** Bytes of the file, or as many as there are; the caller waits for them. @throws Away where they still lie in a store. */
  read(offset: number, length: number, into?: Buffer): Buffer;
}

/** What stands at the end of a manifest's file. */
export interface ManifestEnd {
  readonly rowsPerPage: number;
  /** Where the table of pages lies. */
  readonly table: number;
  /** JSON. */
  readonly details: string;
}

/** Opens a local file. It is read even once another is renamed into its place, and closed once nobody has it any more. */
export function openRanges(path: string): RangeFile {
  const handle = openSync(path, 'r');
  return rangesOf(handle, fstatSync(handle).size);
}

/** An open local file, which is closed once nobody has this any more. */
export function rangesOf(handle: number, size: number): RangeFile {
  const file: RangeFile = {
    size,
    read(offset, length, into = Buffer.allocUnsafeSlow(length)) {
      let done = 0;
      while (done < length) {
        const count = readSync(handle, into, done, length - done, offset + done);
        if (count === 0) break;
        done += count;
      }
      return into.subarray(0, done);
    },
  };
  closing.register(file, handle);
  return file;
}

const closing = new FinalizationRegistry<number>((handle) => closeSync(handle));

/** The end of a manifest's file; null where it is one without pages, or none at all. @throws Error where it is damaged. */
export function readEnd(file: RangeFile): ManifestEnd | null {
  const end = file.read(file.size - arrowEnd.length - 4, arrowEnd.length + 4);
  if (file.size < tailBytes || !end.subarray(4).equals(arrowEnd)) return null;
  const tailAt = file.size - end.length - end.readInt32LE(0) - streamEndBytes - tailBytes;
  if (tailAt < 0 || tailAt > file.size) return null;
  const bytes = file.read(tailAt, tailBytes);
  const tail = decodeTail(bytes);
  if (tail === null) return null;
  const details = file.read(tailAt - tail.details, tail.details);
  if (!isWhole(bytes, details)) throw new Error('other details than their digest is of');
  if (tail.rowsPerPage === 0 || tail.table > tailAt - tail.details) throw new Error('a table of pages that is none');
  return { rowsPerPage: tail.rowsPerPage, table: tail.table, details: details.toString('utf8') };
}

/** Bytes of pages that are kept, of all manifests of the process together. */
export const keptPageBytes: number = 64 << 20;

const kept = new LRUCache<number, { readonly bytes: Buffer; readonly rows: RowBatch }>({
  maxSize: keptPageBytes,
  sizeCalculation: ({ bytes }) => bytes.buffer.byteLength,
  // What is dropped is read into again: memory that waits for a collector is memory all the same.
  dispose: ({ bytes }) => {
    if (spare.length < 16) spare.push(bytes);
  },
});
const spare: Buffer[] = [];
let files = 0;

/**
 * The pages of a file, read when they are asked for; those that were asked for last are kept.
 *
 * @param damaged makes the error for a page that is not what was written.
 */
export function pagesIn(
  file: RangeFile,
  { rowsPerPage, table }: ManifestEnd,
  count: number,
  kind: SampleKind,
  damaged: (what: string) => Error,
): Pages {
  const name = files++;
  const entry = Buffer.alloc(entryBytes);
  const load = (page: number, bufferOf: (length: number) => Buffer): { bytes: Buffer; rows: RowBatch } => {
    const found = file.read(table + page * entryBytes, entryBytes, entry);
    if (found.length < entryBytes) throw damaged(`an end of the table of pages before page ${page}`);
    const { offset, length, crc } = decodeEntry(found);
    // Nothing has the CRC-32 that a zeroed entry has.
    if (length === 0 || length > mostPageBytes || offset + length > table)
      throw damaged(`page ${page} of ${length} bytes at byte ${offset}, where none was written`);
    const bytes = file.read(offset, length, bufferOf(length));
    if (bytes.length < length || pageCrc(page, bytes) !== crc)
      throw damaged(`page ${page} with other bytes than were written`);
    try {
      return { bytes, rows: rowsOfPage(bytes, Math.min(rowsPerPage, count - page * rowsPerPage), kind) };
    } catch (error) {
      if (error instanceof RangeError) throw damaged(`page ${page} of other rows than the details tell of`);
      throw error;
    }
  };
  return {
    rowsPerPage,
    at(page) {
      const key = name * 2 ** 32 + page;
      const found = kept.get(key);
      if (found !== undefined) return found.rows;
      const loaded = load(page, spareBuffer);
      kept.set(key, loaded);
      return loaded.rows;
    },
    read: (page) => load(page, (length) => Buffer.allocUnsafeSlow(length)).rows,
  };
}

/** No path is so long that a page would be larger. */
const mostPageBytes = 1 << 26;
/** Buffers are of multiples of this, so that one page's does for another. */
const grain = 1 << 12;

function spareBuffer(length: number): Buffer {
  const buffer = spare.pop();
  if (buffer !== undefined && buffer.buffer.byteLength >= length) return Buffer.from(buffer.buffer, 0);
  return Buffer.allocUnsafeSlow(Math.ceil(length / grain) * grain);
}
