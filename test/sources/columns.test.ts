import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { indexSource } from '../../src/sources/index-source.js';
import { openSource } from '../../src/sources/open-source.js';
import { temporaryFolder, writeTree } from './tree.js';

async function indexed(context: TestContext, lines: object[]) {
  const root = await temporaryFolder(context);
  await writeTree(join(root, 'data'), { 'a.jpg': 1, 'b.jpg': 2, 'c.jpg': 3 });
  const options = { name: 's', path: join(root, 'data'), split: 'train' as const, indexFolder: join(root, 'index') };
  const { manifest } = await indexSource(options);
  const table = join(root, 'table.jsonl');
  await writeFile(table, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return { options, table, manifest };
}

test('a sample has what its row of the table says in the columns that are wanted, and no fingerprint tells', async (context) => {
  const rows = [
    { key: 'a.jpg', caption: 'first', width: 1 },
    { key: 'c.jpg', caption: 'ä ball', tags: ['red', 'round'] },
    { key: 'x.jpg', caption: 'of no sample' },
    { key: 'a.jpg', caption: 'the last counts', width: 2 },
  ];
  const { options, table, manifest } = await indexed(context, rows);
  const told = await openSource({ ...options, table, columns: ['caption', 'tags'] });
  assert.deepEqual(await Promise.all([0, 1, 2].map((index) => told.columns!(index))), [
    '{"caption":"the last counts","tags":null}',
    '',
    '{"caption":"ä ball","tags":["red","round"]}',
  ]);
  assert.equal(told.fingerprint, manifest.fingerprint);
  const part = await openSource({ ...options, table, columns: ['caption'], where: { caption: ['ä ball'] } });
  assert.deepEqual([part.count, await part.columns!(0)], [1, '{"caption":"ä ball"}']);
  assert.equal((await openSource(options)).columns, undefined);
});

test('columns that nothing has, and columns of what has none, are refused by name', async (context) => {
  const { options, table } = await indexed(context, [{ key: 'a.jpg', caption: 'x' }]);
  await assert.rejects(openSource({ ...options, table, columns: ['caption', 'capton'] }), {
    reason: 'CONFIG_INVALID',
    message: /capton/,
  });
  await assert.rejects(openSource({ ...options, columns: ['caption'] }), {
    reason: 'CONFIG_INVALID',
    message: /flat without a table/,
  });
});

test('what a table of Parquet files’ rows says comes by their keys', async (context) => {
  const root = await temporaryFolder(context);
  const form = fileURLToPath(new URL('../../../test/sources/parquet/none.parquet', import.meta.url));
  await copyFile(form, join(root, '0.parquet'));
  const table = join(root, 'table.jsonl');
  await writeFile(table, '{"key": "0.parquet/00000001", "note": 1}\n');
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, '.index'), table };
  await indexSource({ ...options, layout: 'parquet' });
  const told = await openSource({ ...options, layout: 'parquet', columns: ['note'] });
  assert.deepEqual([await told.columns!(0), await told.columns!(1)], ['', '{"note":1}']);
});
