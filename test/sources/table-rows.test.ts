import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tableRows } from '../../src/sources/table-rows.js';
import { temporaryFolder } from './tree.js';

/** Written by pyarrow 25, in row groups of two, and by DuckDB 1.5, which pads what is packed. */
const tables = fileURLToPath(new URL('../../../test/sources/tables', import.meta.url));

async function rows(table: string, columns: readonly string[]): Promise<object[]> {
  const all: object[] = [];
  for await (const row of tableRows(table, columns)) all.push(row);
  return all;
}

test('a Parquet table has the rows of JSON lines, whatever its compression and its writer', async (context) => {
  const said = [
    { key: 'train/a/1.jpg', w: 1, caption: 'one' },
    { key: 'train/b/2.jpg', w: 2, caption: 'zwei ä' },
    { key: 'val/b/9.jpg', w: 9, caption: null },
    { key: 'train/b/3.jpg', w: null, caption: 'three' },
  ];
  const lines = join(await temporaryFolder(context), 'table.jsonl');
  await writeFile(lines, said.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const columns = ['w', 'caption', 'none'];
  assert.deepEqual(await rows(lines, columns), said);
  for (const compression of ['snappy', 'zstd', 'gzip', 'none', 'duckdb'])
    assert.deepEqual(await rows(join(tables, `${compression}.parquet`), columns), said, compression);
});

test('what is no Parquet file, is cut or has no keys is refused with what it should be', async (context) => {
  const folder = await temporaryFolder(context);
  const whole = await readFile(join(tables, 'snappy.parquet'));
  const renamed = Buffer.from(whole.toString('latin1').replaceAll('key', 'kez'), 'latin1');
  for (const bytes of [Buffer.from('{"key": "a"}\n'), whole.subarray(0, whole.length - 1), renamed]) {
    await writeFile(join(folder, 'broken.parquet'), bytes);
    await assert.rejects(rows(join(folder, 'broken.parquet'), ['w']), {
      reason: 'CONFIG_INVALID',
      message: /a Parquet file with a text in the column key/,
    });
  }
  await assert.rejects(rows(join(folder, 'none.parquet'), []), { reason: 'SOURCE_UNREADABLE' });
});
