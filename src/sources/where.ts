import { TributaryError } from '../errors.js';
import type { Condition, Where } from '../run/config.js';
import type { IndexOptions } from './index-source.js';
import type { Place } from './layouts/layout.js';
import { memberRowsAt, RowCollector, rowsPerBatch } from './manifest/rows.js';
import { fingerprintOf, manifestOf, type StoredManifest } from './manifest/stored-manifest.js';
import { linesOf } from './storage/lines.js';

type Row = Readonly<Record<string, unknown>>;

/**
 * The part of a manifest whose rows in the table beside the source meet the config's conditions: a manifest of its own, with a
 * fingerprint of its own. Classes keep their numbers. A sample without a row is left out; a row of no sample, as of the other
 * split, says nothing.
 *
 * @throws TributaryError CONFIG_INVALID for a line that is no JSON object with a key, or a column that no row has; SOURCE_EMPTY
 * where nothing is left.
 */
export async function keptWhere(
  { name, table, where }: IndexOptions,
  manifest: StoredManifest,
  place: Place,
): Promise<StoredManifest> {
  if (table === undefined || where === undefined) return manifest;
  const kept = new Uint8Array(manifest.count);
  const missing = new Set(Object.keys(where));
  let line = 0;
  for await (const text of linesOf(table)) {
    line++;
    const row = rowOf(text, table, line);
    for (const column of missing) if (Object.hasOwn(row, column)) missing.delete(column);
    const index = manifest.find(row.key as string);
    if (index >= 0) kept[index] = meets(row, where) ? 1 : 0;
  }
  if (missing.size > 0)
    throw new TributaryError('CONFIG_INVALID', {
      expected: `columns of ${table} in the where of source ${name}`,
      came: [...missing].join(', '),
      remedy: 'Name columns that rows of the table have',
      metadata: { source: name },
    });
  if (!kept.includes(1))
    throw new TributaryError('SOURCE_EMPTY', {
      expected: `at least one sample of source ${name} for which its where holds`,
      came: `none of ${manifest.count}`,
      remedy: `Change the where, or the rows of ${table}`,
      metadata: { source: name, path: table },
    });
  return part(manifest, kept, place);
}

function rowOf(text: string, table: string, line: number): Row {
  try {
    const row = JSON.parse(text) as Row | null;
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

/** Whether a row meets all conditions. A column that it does not have is null. */
export function meets(row: Row, where: Where): boolean {
  return Object.entries(where).every(([column, condition]) => holds(row[column] ?? null, condition));
}

function holds(value: unknown, condition: Condition): boolean {
  if (Array.isArray(condition)) return condition.includes(value);
  if (typeof condition !== 'object' || condition === null) return value === condition;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = condition as {
    min?: number;
    max?: number;
  };
  return typeof value === 'number' && value >= min && value <= max;
}

function part(manifest: StoredManifest, kept: Uint8Array, place: Place): StoredManifest {
  const collector = new RowCollector();
  const nothing = new Uint8Array(0);
  const rows: number[] = [];
  let bytes = 0;
  for (let index = kept.indexOf(1); index >= 0; index = kept.indexOf(1, index + 1)) {
    const { keys, keyOffsets, sizes, labels } = manifest.batches[Math.floor(index / rowsPerBatch)]!;
    const row = index % rowsPerBatch;
    collector.append(nothing, keys, keyOffsets[row]!, keyOffsets[row + 1]!, sizes[row]!, labels[row]!);
    bytes += sizes[row]!;
    rows.push(index);
  }
  const batches = collector.finish().map((batch, i) => {
    if (manifest.batches[0]!.members === null) return batch;
    const first = i * rowsPerBatch;
    return { ...batch, members: memberRowsAt(manifest.batches, rows.slice(first, first + batch.count)) };
  });
  const details = { ...manifest.details, count: rows.length, bytes, fingerprint: fingerprintOf(batches) };
  return manifestOf(details, batches, place);
}
