import { type AsyncBuffer, type FileMetaData, parquetReadObjects, parquetSchema } from 'hyparquet';
import { LRUCache } from 'lru-cache';
import { type ErrorDetail, type Reason, TributaryError } from '../errors.js';
import { packTexts } from './packed-texts.js';
import { pageCompressors, parquetFooter, withCheckedPages } from './storage/parquet-file.js';
import { readSample } from './storage/read-sample.js';
import type { Location } from './storage/storage.js';
import { jsonOf } from './table-rows.js';

/** What is asked of a Parquet shard, a whole file: what some columns have in its rows `[from, to)`, or else its form. */
export interface RowTask {
  readonly shard: Location;
  readonly rows?: { readonly columns: readonly string[]; readonly from: number; readonly to: number };
}

/** Of a shard the first row of each group and the end of the last, and the columns that hold no images. */
export interface ShardForm {
  readonly bounds: readonly number[];
  readonly columns: readonly string[];
}

/** What became of a task: the rows, as JSON, are packed as `packTexts` does. */
export type RowAnswer =
  | { readonly form: ShardForm }
  | { readonly rows: SharedArrayBuffer }
  | { readonly reason: Reason; readonly detail: Omit<ErrorDetail, 'cause'> };

/** Footers of files that are kept. */
const keptFooters = 32;

const footers = new LRUCache<string, FileMetaData, AsyncBuffer>({
  max: keptFooters,
  fetchMethod: (_name, _stale, { context: file }) => parquetFooter(file),
});

/** Reads what is asked of a shard, in a thread: a group may have millions of rows. It rejects where a shard is none. */
export default async function readRows({ shard, rows }: RowTask): Promise<RowAnswer> {
  try {
    const file = fileOf(shard);
    const metadata = (await footers.fetch(`${shard.path} ${shard.version ?? ''}`, { context: file }))!;
    if (rows === undefined) return { form: { bounds: boundsOf(metadata), columns: columnsOf(metadata) } };
    const compressors = await pageCompressors();
    const found = await parquetReadObjects({
      file: withCheckedPages(file, metadata, compressors),
      metadata,
      compressors,
      columns: [...rows.columns],
      rowStart: rows.from,
      rowEnd: rows.to,
    });
    return { rows: packTexts(found.map(jsonOf)) };
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    return { reason: error.reason, detail: error.detail };
  }
}

/** A shard as hyparquet reads one, with the retries of samples. */
function fileOf(shard: Location): AsyncBuffer {
  const byteLength = shard.length;
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = await readSample({ ...shard, offset: start, length: end - start });
      return new Uint8Array(bytes).buffer;
    },
  };
}

function boundsOf({ row_groups: groups }: FileMetaData): number[] {
  const bounds = [0];
  for (const { num_rows: rows } of groups) bounds.push(bounds.at(-1)! + Number(rows));
  return bounds;
}

function columnsOf(metadata: FileMetaData): string[] {
  return parquetSchema(metadata)
    .children.filter(({ element, children }) =>
      [element, ...children.map((child) => child.element)].every(
        ({ type, converted_type: kind }) => type !== 'BYTE_ARRAY' || kind === 'UTF8',
      ),
    )
    .map(({ element }) => element.name);
}
