import type { ColumnMetaData, PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { checkCount, mostRows } from '../storage/parquet-checks.js';
import { bitsFor, checkRuns } from '../storage/parquet-runs.js';
import { fill, type Packing, type StoredFile, type WholePacking } from '../storage/storage.js';
import { checkThrift } from '../storage/thrift.js';
import {
  blockBytes,
  literalAt,
  mostPackedBytes,
  mostWholeBytes,
  NotInBlocks,
  unpackBlock,
  unpackWhole,
  varintAt,
} from '../storage/unpack.js';
import { windowOf } from './window.js';

/** Where one value of a column lies in its file: see `Location`. */
export interface ValuePlace {
  readonly offset: number;
  /** Of the value itself, in bytes. */
  readonly size: number;
  readonly packing?: Packing | undefined;
  /** As `Packed` has them; 0 for what is not packed. */
  readonly packedSize: number;
  readonly skipped: number;
}

/** A column of texts or bytes in a row group, none of which is a list. */
export interface ByteColumn {
  readonly chunk: ColumnMetaData;
  /** The definition level of a value that is there. */
  readonly present: number;
}

/**
 * Where the values of a column chunk lie, by the headers of its pages and the lengths before the values: no more of it is in memory than a
 * window or, of gzip and Zstandard, a page.
 *
 * @returns a place for each row, null where its value is null.
 * @throws Error for what cannot be read, StorageFault.
 */
export async function valuePlaces(
  file: StoredFile,
  { chunk, present }: ByteColumn,
  rows: number,
): Promise<(ValuePlace | null)[]> {
  const bytesAt = windowOf(file);
  const places: (ValuePlace | null)[] = [];
  let dictionary: ValuePlace[] = [];
  let at = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  const end = at + Number(chunk.total_compressed_size);
  while (places.length < rows) {
    const { header, length } = await headerAt(bytesAt, at, end);
    const packed = {
      at: at + length,
      length: checkCount(header.compressed_page_size, end - at - length, 'bytes of a page'),
      size: checkCount(header.uncompressed_page_size, mostPageBytes, 'bytes of a page, unpacked'),
    };
    at = packed.at + packed.length;
    if (header.type === 'DICTIONARY_PAGE') {
      const count = checkCount(header.dictionary_page_header?.num_values, mostRows, 'values of a dictionary');
      dictionary = await byCodec(chunk.codec, async (codec) =>
        plainPlaces(await openPage(file, codec, packed), 0, count),
      );
    } else if (header.data_page_header ?? header.data_page_header_v2) {
      const { num_values: count } = (header.data_page_header ?? header.data_page_header_v2)!;
      checkCount(count, rows - places.length, `values of ${rows} rows`);
      const page = (codec: string) => dataPage(file, header, codec, packed, present, dictionary);
      for (const place of await byCodec(chunk.codec, page)) places.push(place);
    }
  }
  if (places.length > rows) throw new Error(`${places.length} values for ${rows} rows`);
  return places;
}

/** The bytes of a page, packed, in its file. */
interface PageRange {
  readonly at: number;
  readonly length: number;
  /** Of what it holds. */
  readonly size: number;
}

/** What a page holds. */
interface Page {
  readonly size: number;
  /** Bytes of it; good until the next call. Those at or after the last ones come without work that has been done. */
  bytesAt(at: number, length: number): Promise<Buffer>;
  /** Where some of what was got last, or follows it, lies in the file. */
  placeOf(at: number, size: number): Promise<ValuePlace>;
}

async function dataPage(
  file: StoredFile,
  header: PageHeader,
  codec: string,
  packed: PageRange,
  present: number,
  dictionary: readonly ValuePlace[],
): Promise<(ValuePlace | null)[]> {
  const second = header.data_page_header_v2;
  const { num_values: count, encoding } = (header.data_page_header ?? second)!;
  let page: Page;
  let levels: Buffer | null = null;
  let start = 0;
  if (second !== undefined) {
    // Levels lie before the values, as they are.
    const { definition_levels_byte_length: length, repetition_levels_byte_length: before } = second;
    const skipped =
      checkCount(before, packed.length, 'bytes of levels') + checkCount(length, packed.length, 'bytes of levels');
    const rest = { at: packed.at + skipped, length: packed.length - skipped, size: packed.size - skipped };
    if (present > 0) levels = await plainPage(file, packed).bytesAt(before, length);
    page = await openPage(file, second.is_compressed === false ? 'UNCOMPRESSED' : codec, rest);
  } else {
    page = await openPage(file, codec, packed);
    if (present > 0) {
      const length = (await page.bytesAt(0, 4)).readUInt32LE();
      levels = await page.bytesAt(4, length);
      start = 4 + length;
    }
  }
  const has = levels === null ? null : numbersIn(levels, bitsFor(present), count);
  const there = has === null ? count : has.filter((level) => level === present).length;
  const values = await valuesIn(page, start, there, encoding, dictionary);
  if (has === null) return values;
  let next = 0;
  return has.map((level) => (level === present ? values[next++]! : null));
}

async function valuesIn(
  page: Page,
  start: number,
  count: number,
  encoding: string,
  dictionary: readonly ValuePlace[],
): Promise<ValuePlace[]> {
  if (encoding === 'PLAIN') return plainPlaces(page, start, count);
  if (count === 0) return [];
  if (encoding === 'DELTA_LENGTH_BYTE_ARRAY') return placesBehindLengths(page, start, count);
  if (encoding !== 'RLE_DICTIONARY' && encoding !== 'PLAIN_DICTIONARY')
    throw new Error(`values in the encoding ${encoding}, where PLAIN, DELTA_LENGTH_BYTE_ARRAY or a dictionary is read`);
  const bytes = await page.bytesAt(start, page.size - start);
  const numbers = numbersIn(bytes.subarray(1), bytes[0]!, count);
  return numbers.map((number) => {
    const place = dictionary[number];
    if (place === undefined) throw new Error(`value ${number} of a dictionary of ${dictionary.length}`);
    return place;
  });
}

/** Values that follow one another, each after its length. */
async function plainPlaces(page: Page, start: number, count: number): Promise<ValuePlace[]> {
  const places: ValuePlace[] = [];
  for (let at = start; places.length < count; ) {
    const size = (await page.bytesAt(at, 4)).readUInt32LE();
    if (at + 4 + size > page.size) throw new Error(`a value of ${size} bytes that ends after its page`);
    places.push(await page.placeOf(at + 4, size));
    at += 4 + size;
  }
  return places;
}

/** Values that follow one another behind all their lengths. */
async function placesBehindLengths(page: Page, start: number, count: number): Promise<ValuePlace[]> {
  const sizes = new Int32Array(count);
  const places: ValuePlace[] = [];
  let at = start + (await lengthsAt(page, start, sizes));
  for (const size of sizes) {
    if (size < 0 || at + size > page.size) throw new Error(`a value of ${size} bytes that ends after its page`);
    places.push(await page.placeOf(at, size));
    at += size;
  }
  return places;
}

/** Fills `sizes` with packed lengths, and gives how many bytes they take. */
async function lengthsAt(page: Page, start: number, sizes: Int32Array): Promise<number> {
  for (let length = 2 * blockBytes; ; length *= 16) {
    const bytes = await page.bytesAt(start, Math.min(length, page.size - start));
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
    try {
      deltaBinaryUnpack(reader, sizes.length, sizes);
      // A last block may end before the numbers that it has room for.
      return Math.min(reader.offset, bytes.length);
    } catch (error) {
      if (length >= page.size - start) throw error;
    }
  }
}

function numbersIn(bytes: Buffer, width: number, count: number): number[] {
  checkRuns(bytes, width, count);
  const numbers = new Array<number>(count).fill(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width > 0) readRleBitPackedHybrid({ view, offset: 0 }, width, numbers, bytes.length);
  return numbers;
}

type BytesAt = ReturnType<typeof windowOf>;

async function headerAt(bytesAt: BytesAt, at: number, end: number): Promise<{ header: PageHeader; length: number }> {
  // Most are some tens of bytes; statistics of long values make them longer.
  for (let length = 1024; ; length *= 16) {
    const bytes = await bytesAt(at, Math.min(length, end - at));
    if (bytes === null || at >= end) throw new Error(`no page at byte ${at}`);
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
    try {
      checkThrift(bytes, 0);
      return { header: parquetHeader(reader), length: reader.offset };
    } catch (error) {
      if (length > end - at || length > mostHeaderBytes) throw error;
    }
  }
}

const mostHeaderBytes = 1 << 24;
/** What Parquet has room for in a page's header; of images in gzip and Zstandard `mostWholeBytes`. */
const mostPageBytes = 2 ** 31 - 1;

/** Reads a page by its codec; one of snappy by its blocks, or whole, as `STREAM`, where it has none. */
async function byCodec<T>(codec: string, read: (codec: string) => Promise<T>): Promise<T> {
  try {
    return await read(codec);
  } catch (error) {
    if (codec !== 'SNAPPY' || !(error instanceof NotInBlocks)) throw error;
    return read('STREAM');
  }
}

const wholePackings: ReadonlyMap<string, WholePacking> = new Map([
  ['GZIP', 'gzip'],
  ['ZSTD', 'zstd'],
  ['STREAM', 'snappy-stream'],
]);

async function openPage(file: StoredFile, codec: string, packed: PageRange): Promise<Page> {
  if (codec === 'UNCOMPRESSED' || packed.size === 0) return plainPage(file, packed);
  if (codec === 'SNAPPY') return snappyPage(file, packed);
  const packing = wholePackings.get(codec);
  if (packing !== undefined) return wholePage(file, packing, packed);
  throw new Error(`images that are compressed with ${codec}, where snappy, zstd, gzip or nothing is read`);
}

/** A page that is not packed: only lengths are read. */
function plainPage(file: StoredFile, { at: start, length }: PageRange): Page {
  const bytesAt = windowOf(file);
  return {
    size: length,
    bytesAt: async (at, count) => (await bytesAt(start + at, count)) ?? short(start + at),
    placeOf: async (at, size) => ({ offset: start + at, size, packedSize: 0, skipped: 0 }),
  };
}

/** A page that has to be unpacked whole, now and for each of its values. */
async function wholePage(
  file: StoredFile,
  packing: WholePacking,
  { at: start, length, size }: PageRange,
): Promise<Page> {
  if (size > mostWholeBytes)
    throw new Error(`a page of ${size} bytes in ${packing}: write smaller pages, or compress with pyarrow’s snappy`);
  const bytes = Buffer.allocUnsafeSlow(length);
  if ((await fill(file, bytes, start)) < length) short(start);
  const page = await unpackWhole(packing, bytes);
  if (page.length !== size) throw new Error(`a page of ${page.length} bytes where ${size} were to come`);
  return {
    size,
    bytesAt: async (at, count) => (at + count > size ? short(start) : page.subarray(at, at + count)),
    placeOf: async (at, size) => ({ offset: start, size, packing, packedSize: length, skipped: at }),
  };
}

const windowBytes = 4 << 20;

/**
 * A page of snappy, unpacked block by block: a value is read from its first byte on where that lies there as it is, as those of images do,
 * and else from the block on in which it starts.
 */
async function snappyPage(file: StoredFile, { at: start, length, size }: PageRange): Promise<Page> {
  const end = start + length;
  const window = Buffer.allocUnsafeSlow(Math.min(length, windowBytes));
  let windowAt = start;
  let held = 0;
  /** Makes the window hold what a block may take from a place of the file on; gives the place in the window. */
  const inWindow = async (at: number): Promise<number> => {
    const wanted = Math.min(end - at, mostPackedBytes);
    if (at < windowAt || at - windowAt + wanted > held) {
      held = await fill(file, window.subarray(0, Math.min(window.length, end - at)), at);
      windowAt = at;
      if (held < wanted) short(at);
    }
    return at - windowAt;
  };
  const first = await inWindow(start);
  const preamble = varintAt(window.subarray(0, held), first);
  if (preamble.value !== size) throw new Error(`a page of ${preamble.value} bytes where ${size} were to come`);

  /** Where each block starts in the file that was come to, and where the last of them ends. */
  const starts = [start + preamble.length];
  const block = Buffer.allocUnsafeSlow(Math.min(size, blockBytes));
  const scratch = Buffer.allocUnsafeSlow(block.length);
  const lengthOf = (number: number) => Math.min(blockBytes, size - number * blockBytes);
  /** Whose bytes `block` has. */
  let loaded = -1;
  const load = async (number: number): Promise<void> => {
    for (let next = Math.min(number, starts.length - 1); next <= number && loaded !== number; next++) {
      const at = starts[next]!;
      const place = await inWindow(at);
      const end = unpackBlock(window.subarray(0, held), place, block, 0, lengthOf(next));
      starts[next + 1] = at + end - place;
      loaded = next;
    }
    // What is left of the packed bytes was no block of its own.
    if ((number + 1) * blockBytes >= size && starts.at(-1) !== end)
      throw new NotInBlocks('snappy whose blocks are not of 64 KiB each');
  };
  return {
    size,
    async bytesAt(at, count) {
      if (at + count > size) short(start);
      const parts: Buffer[] = [];
      for (let from = at; from < at + count; ) {
        const number = Math.floor(from / blockBytes);
        await load(number);
        const until = Math.min(at + count, (number + 1) * blockBytes);
        parts.push(Buffer.from(block.subarray(from - number * blockBytes, until - number * blockBytes)));
        from = until;
      }
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    },
    async placeOf(at, count) {
      if (count === 0) return { offset: start, size: 0, packedSize: 0, skipped: 0 };
      const number = Math.floor(at / blockBytes);
      const last = Math.floor((at + count - 1) / blockBytes);
      const skipped = at - number * blockBytes;
      await load(number);
      const offset = starts[number]!;
      const begun = await inWindow(offset);
      const literal = literalAt(window, begun, skipped, Math.min(skipped + count, blockBytes));
      const first = literal && offset + literal.at - begun;
      if (first !== null && literal!.length >= count) return { offset: first, size: count, packedSize: 0, skipped: 0 };
      await load(last);
      // Nothing of the last block is fetched that lies after the value.
      const place = await inWindow(starts[last]!);
      const until = unpackBlock(window.subarray(0, held), place, scratch, 0, at + count - last * blockBytes);
      const after = starts[last]! + until - place;
      return first === null
        ? { offset, size: count, packing: 'snappy', packedSize: after - offset, skipped }
        : { offset: first, size: count, packing: 'literal', packedSize: after - first, skipped: literal!.length };
    },
  };
}

function short(at: number): never {
  throw new Error(`the end of a page that starts at byte ${at}`);
}
