import type { ColumnMetaData, Compressors, FileMetaData, PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getSchemaPath } from 'hyparquet/src/schema.js';
import { bitsFor, checkRuns } from './parquet-runs.js';
import { checkThrift } from './thrift.js';
import { mostWholeBytes } from './unpack.js';

/** Rows of a row group, and values that a column has in one: of more a few bytes could tell. Writers make a million at the most, unless they are told otherwise. */
export const mostRows = 1 << 22;

/** A column chunk, and what is to be known of its column. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
  /** Looks over its pages. @throws Error where they tell of more than they have. */
  check(bytes: Uint8Array): void;
}

/** The column chunks of a file. */
export function chunksOf({ row_groups: groups, schema }: FileMetaData, compressors: Compressors): Chunk[] {
  return groups.flatMap(({ columns, num_rows: rows }) =>
    columns.flatMap(({ meta_data: chunk }) => {
      if (chunk === undefined) return [];
      const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset || 0);
      const check = (bytes: Uint8Array): void => {
        const path = getSchemaPath(schema, chunk.path_in_schema);
        const levels = { repetition: getMaxRepetitionLevel(path), definition: getMaxDefinitionLevel(path) };
        checkPages(bytes, chunk, levels, Number(rows), compressors);
      };
      return [{ start, end: start + Number(chunk.total_compressed_size), check }];
    }),
  );
}

/** A number that a file says, which Thrift may have given any type. @throws Error where it is no whole number from 0 to `most`. */
export function checkCount(value: unknown, most: number, what: string): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most) return value as number;
  throw new Error(`${value} ${what}, where ${most} at the most can be`);
}

interface Levels {
  readonly repetition: number;
  readonly definition: number;
}

function checkPages(bytes: Uint8Array, chunk: ColumnMetaData, levels: Levels, rows: number, compressors: Compressors) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let values = 0;
  for (let at = 0; at < bytes.length; ) {
    const offset = checkThrift(bytes, at);
    const header = parquetHeader({ view, offset: at });
    const length = checkCount(header.compressed_page_size, bytes.length - offset, 'bytes of a page');
    const { dictionary_page_header: dictionary } = header;
    const data = header.data_page_header ?? header.data_page_header_v2;
    checkCount(header.uncompressed_page_size, mostWholeBytes, 'bytes of a page, unpacked');
    const count = checkCount(
      (dictionary ?? data)?.num_values ?? 0,
      mostRows - values,
      'values of a column in a row group',
    );
    if (data !== undefined) {
      values += count;
      checkData(bytes.subarray(offset, offset + length), header, chunk, levels, compressors);
    }
    at = offset + length;
  }
  if (values < rows) throw new Error(`${values} values of a column for ${rows} rows`);
}

/** What hyparquet's `readDataPage` and `readDataPageV2` believe. */
function checkData(bytes: Uint8Array, header: PageHeader, chunk: ColumnMetaData, levels: Levels, unpack: Compressors) {
  const { data_page_header: first, data_page_header_v2: second, uncompressed_page_size: size } = header;
  const { num_values: count, encoding } = (first ?? second)!;
  const most = [levels.repetition, levels.definition];
  let values: Uint8Array;
  if (second !== undefined) {
    const { repetition_levels_byte_length: before, definition_levels_byte_length: length, num_nulls: nulls } = second;
    checkCount(nulls, count, 'nulls in a page');
    checkCount(length, bytes.length - checkCount(before, bytes.length, 'bytes of levels'), 'bytes of levels');
    const parts = [bytes.subarray(0, before), bytes.subarray(before, before + length)];
    for (const [i, part] of parts.entries()) checkLevels(part, most[i]!, count);
    const left = size - before - length;
    values = bytes.subarray(before + length);
    if (second.is_compressed !== false && left > 0) values = decompressPage(values, left, chunk.codec, unpack);
  } else {
    values = decompressPage(bytes, size, chunk.codec, unpack);
    for (const level of most)
      if (level > 0) {
        const levels = afterLength(values);
        checkLevels(levels, level, count);
        values = values.subarray(4 + levels.length);
      }
  }
  if (!inRuns.has(encoding)) return;
  if (chunk.type === 'BOOLEAN') checkRuns(afterLength(values), 1, count);
  else if (values.length > 0) checkRuns(values.subarray(1), values[0]!, count);
}

const inRuns: ReadonlySet<string> = new Set(['RLE', 'RLE_DICTIONARY', 'PLAIN_DICTIONARY']);

function checkLevels(bytes: Uint8Array, most: number, count: number): void {
  if (most === 0) return;
  const seen = checkRuns(bytes, bitsFor(most), count);
  if (seen < count) throw new Error(`${seen} levels for ${count} values`);
}

/** What follows its length, of four bytes. */
function afterLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 4) throw new Error('a page that ends before its values');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length > bytes.length - 4) throw new Error(`${length} bytes of levels in a page of ${bytes.length}`);
  return bytes.subarray(4, 4 + length);
}
