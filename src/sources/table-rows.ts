import { parquetReadObjects, parquetSchema } from 'hyparquet';
import { TributaryError } from '../errors.js';
import { linesOf } from './storage/lines.js';
import { pageCompressors, parquetFile, parquetFooter, withCheckedPages } from './storage/parquet-file.js';
import { StorageFault, type StoredFile } from './storage/storage.js';
import { storageOf } from './storage/storages.js';
import { readable, unreadable } from './storage/unreadable.js';

/** What a table says of one sample, by column. */
export type TableRow = Readonly<Record<string, unknown>> & { readonly key: string };

/**
 * The rows of the table beside a source, in bounded memory: a Parquet file (`.parquet`), of which only these columns are read, a row
 * group at a time; else JSON lines.
 *
 * @param columns those that are wanted beside the key; one that the table does not have is in no row.
 * @throws TributaryError CONFIG_INVALID for what is no table or a row without a key, and as `unreadable`.
 */
export function tableRows(table: string, columns: readonly string[]): AsyncGenerator<TableRow, void> {
  return table.endsWith('.parquet') ? parquetRows(table, columns) : jsonRows(table);
}

async function* jsonRows(table: string): AsyncGenerator<TableRow, void> {
  let line = 0;
  for await (const text of linesOf(table)) {
    line++;
    yield jsonRow(text, table, line);
  }
}

/** A row of a table of JSON lines. @throws TributaryError CONFIG_INVALID where it is none. */
export function jsonRow(text: string, table: string, line: number): TableRow {
  try {
    const row = JSON.parse(text) as TableRow | null;
    if (typeof row?.key === 'string') return row;
  } catch {
    // Told below.
  }
  throw new TributaryError('CONFIG_INVALID', {
    expected: `a JSON object with a key on each line of ${table}`,
    came: `${text.slice(0, 80)} on line ${line}`,
    remedy: 'Write one sample a line, as {"key": "train/a.jpg", "width": 640}',
    metadata: { path: table },
  });
}

async function* parquetRows(table: string, columns: readonly string[]): AsyncGenerator<TableRow, void> {
  const storage = storageOf(table);
  const stored = await readable(storage.open(storage.resolve(table)));
  try {
    yield* rowsOfParquet(stored, table, columns);
  } finally {
    stored.close();
  }
}

/** The rows of a Parquet file that is open, as `tableRows` says. */
export async function* rowsOfParquet(
  stored: StoredFile,
  table: string,
  columns: readonly string[],
): AsyncGenerator<TableRow, void> {
  const compressors = await pageCompressors();
  try {
    const metadata = await parquetFooter(parquetFile(stored));
    const file = withCheckedPages(parquetFile(stored), metadata, compressors);
    const has = new Set(parquetSchema(metadata).children.map(({ element }) => element.name));
    if (!has.has('key')) throw new Error(`the columns ${[...has].join(', ')}`);
    const wanted = ['key', ...columns.filter((column) => column !== 'key' && has.has(column))];
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({ file, metadata, compressors, columns: wanted, rowStart, rowEnd });
      for (const [i, row] of rows.entries()) {
        if (typeof row.key !== 'string') throw new Error(`the key ${row.key} in row ${rowStart + i}`);
        yield plain(row) as TableRow;
      }
      rowStart = rowEnd;
    }
  } catch (cause) {
    if (cause instanceof TributaryError) throw cause;
    if (cause instanceof StorageFault) throw unreadable(cause);
    throw new TributaryError('CONFIG_INVALID', {
      expected: `a Parquet file with a text in the column key of each row at ${table}`,
      came: (cause as Error).message,
      remedy: 'Write the table again, with a column key of what keys of the source are',
      metadata: { path: table },
      cause,
    });
  }
}

/** An object as JSON: 64-bit numbers are numbers, and bytes are left out. */
export function jsonOf(row: object): string {
  return JSON.stringify(row, (_, value) => {
    if (typeof value === 'bigint') return Number(value);
    return value instanceof Uint8Array ? undefined : value;
  });
}

/** A row as JSON lines would have it: numbers of 64 bits are numbers, and what is not there is null. */
function plain(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, typeof value === 'bigint' ? Number(value) : (value ?? null)]),
  );
}
