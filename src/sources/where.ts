import { TributaryError } from '../errors.js';
import type { Condition, Where } from '../run/config.js';
import type { IndexOptions } from './index-source.js';
import { whenHere } from './manifest/away.js';
import { ChosenRows } from './manifest/chosen-rows.js';
import type { Manifest } from './manifest/manifest.js';
import { allPages } from './manifest/pages.js';
import { Fingerprint, type StoredManifest, versionOf } from './manifest/stored-manifest.js';
import { tableRows } from './table-rows.js';

/**
 * The part of a manifest whose rows in the table beside the source meet the config's conditions: a manifest of its own, with a
 * fingerprint of its own. Classes keep their numbers. A sample without a row is left out; a row of no sample, as of the other
 * split, says nothing.
 *
 * @throws TributaryError CONFIG_INVALID as `tableRows`, and for a column that no row has; SOURCE_EMPTY
 * where nothing is left.
 */
export async function keptWhere({ name, table, where }: IndexOptions, manifest: StoredManifest): Promise<Manifest> {
  if (table === undefined || where === undefined) return manifest;
  const kept = new ChosenRows(manifest.count);
  const missing = new Set(Object.keys(where));
  for await (const row of tableRows(table, [...missing])) {
    for (const column of missing) if (Object.hasOwn(row, column)) missing.delete(column);
    const index = await whenHere(() => manifest.find(row.key));
    if (index >= 0) kept.set(index, meets(row, where));
  }
  if (missing.size > 0)
    throw new TributaryError('CONFIG_INVALID', {
      expected: `columns of ${table} in the where of source ${name}`,
      came: [...missing].join(', '),
      remedy: 'Name columns that rows of the table have',
      metadata: { source: name },
    });
  const count = kept.count();
  if (count === 0)
    throw new TributaryError('SOURCE_EMPTY', {
      expected: `at least one sample of source ${name} for which its where holds`,
      came: `none of ${manifest.count}`,
      remedy: `Change the where, or the rows of ${table}`,
      metadata: { source: name, path: table },
    });
  return part(manifest, kept, count);
}

/** Whether a row meets all conditions. A column that it does not have is null. */
export function meets(row: Readonly<Record<string, unknown>>, where: Where): boolean {
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

async function part(manifest: StoredManifest, kept: ChosenRows, count: number): Promise<Manifest> {
  const whole = (index: number): number => {
    if (Number.isInteger(index) && index >= 0 && index < count) return kept.at(index);
    throw new RangeError(`sample ${index} of ${count} in source ${manifest.source}`);
  };
  const digest = new Fingerprint();
  let first = 0;
  for await (const batch of allPages(manifest.pages, manifest.count)) {
    digest.add(batch, (row) => kept.has(first + row));
    first += batch.count;
  }
  const fingerprint = digest.end();
  return {
    ...manifest,
    count,
    fingerprint,
    version: versionOf(manifest.details, fingerprint),
    key: (index) => manifest.key(whole(index)),
    size: (index) => manifest.size(whole(index)),
    label: (index) => manifest.label(whole(index)),
    location: (index) => manifest.location(whole(index)),
    sibling: (index, suffix) => manifest.sibling(whole(index), suffix),
    columns: manifest.columns && ((index) => manifest.columns!(whole(index))),
    find(key) {
      const index = manifest.find(key);
      return index >= 0 && kept.has(index) ? kept.before(index) : -1;
    },
  };
}
