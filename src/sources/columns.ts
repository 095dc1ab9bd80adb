import { TributaryError } from '../errors.js';
import type { IndexOptions } from './index-source.js';
import { whenHere } from './manifest/away.js';
import { kindOf, type StoredManifest } from './manifest/stored-manifest.js';
import { columnsOfRows } from './row-columns.js';
import { jsonOf, type TableRow, tableRows } from './table-rows.js';

/** What the columns of one source's table may take in memory. */
const mostBytes = 256 << 20;

/**
 * A manifest that tells of its samples what the config wants of the table beside it, which is read at once and kept, or of its own
 * Parquet files, which are read when they are asked.
 *
 * @throws TributaryError CONFIG_INVALID as `tableRows`, for a column that is not there, for columns of what has none, and where those of a
 * table take too much; and as `columnsOfRows`.
 */
export async function withColumns(options: IndexOptions, manifest: StoredManifest): Promise<StoredManifest> {
  const { name, columns: wanted, table } = options;
  if (wanted === undefined) return manifest;
  if (table !== undefined) return { ...manifest, columns: await columnsOfTable(name, table, wanted, manifest) };
  if (kindOf(manifest.details) === 'rows') return { ...manifest, columns: await columnsOfRows(wanted, manifest) };
  throw new TributaryError('CONFIG_INVALID', {
    expected: `a table beside source ${name}, or images in Parquet files, for its columns`,
    came: `${manifest.layout} without a table`,
    remedy: 'Name a table, or take the columns out',
    metadata: { source: name },
  });
}

async function columnsOfTable(
  name: string,
  table: string,
  wanted: readonly string[],
  manifest: StoredManifest,
): Promise<NonNullable<StoredManifest['columns']>> {
  const missing = new Set(wanted);
  const texts = new Map<number, Buffer>();
  let bytes = 0;
  for await (const row of tableRows(table, wanted)) {
    for (const column of missing) if (Object.hasOwn(row, column)) missing.delete(column);
    const index = await whenHere(() => manifest.find(row.key));
    if (index < 0) continue;
    const text = Buffer.from(jsonOf(picked(row, wanted)));
    bytes += text.length - (texts.get(index)?.length ?? -overhead);
    texts.set(index, text);
    if (bytes > mostBytes) throw tooMuch(name, table);
  }
  if (missing.size > 0) throw noColumns(name, table, [...missing]);
  return async (index) => texts.get(index)?.toString('utf8') ?? '';
}

/** What a text takes beside its bytes. */
const overhead = 200;

function picked(row: TableRow, columns: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
}

function noColumns(source: string, table: string, columns: readonly string[]): TributaryError {
  return new TributaryError('CONFIG_INVALID', {
    expected: `columns of ${table} in the columns of source ${source}`,
    came: columns.join(', '),
    remedy: 'Name columns that rows of the table have',
    metadata: { source },
  });
}

function tooMuch(source: string, table: string): TributaryError {
  return new TributaryError('CONFIG_INVALID', {
    expected: `columns of source ${source} that take ${mostBytes} bytes of memory at most`,
    came: `more in ${table}`,
    remedy:
      'Name fewer columns, or put them beside the images into Parquet files, of which no more is read than batches need',
    metadata: { source, path: table },
  });
}
