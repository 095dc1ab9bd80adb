import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parquetWriteFile } from 'hyparquet-writer';
import { indexSource } from '../../src/sources/index-source.js';
import { openSource } from '../../src/sources/open-source.js';
import { temporaryFolder } from './tree.js';

const files = fileURLToPath(new URL('../../../test/sources/parquet', import.meta.url));

test('rows tell of themselves what their columns say, whatever group they lie in, and never an image', async (context) => {
  const root = await temporaryFolder(context);
  for (const form of ['dictionary', 'zstd'])
    await copyFile(join(files, `${form}.parquet`), join(root, `${form}.parquet`));
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, '.index') };
  const { manifest } = await indexSource(options);
  const told = await openSource({ ...options, columns: ['label', 'caption'] });
  const texts = await Promise.all(Array.from({ length: told.count }, (_, index) => told.columns!(index)));
  const labels = [null, 0, 1, 2, null, 0, 1];
  assert.deepEqual(
    texts.map((text) => JSON.parse(text)),
    [0, 1].flatMap(() => labels.map((label, row) => ({ label, caption: `a photo of ${row} ä` }))),
  );
  assert.equal(told.fingerprint, manifest.fingerprint);
  for (const column of ['image', 'captions'])
    await assert.rejects(openSource({ ...options, columns: [column] }), {
      reason: 'CONFIG_INVALID',
      message: /columns beside the images of source s: label, caption/,
    });
});

test('a group of many rows holds up nothing else while one of them is told', async (context) => {
  const root = await temporaryFolder(context);
  const count = 30_000;
  const numbers = Array.from({ length: count }, (_, row) => row);
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' } as const;
  const names = Array.from({ length: 30 }, (_, column) => `column ${column}`);
  parquetWriteFile({
    filename: join(root, 'large.parquet'),
    rowGroupSize: count,
    schema: [
      { name: 'root', num_children: 1 + names.length },
      { name: 'image', repetition_type: 'OPTIONAL', num_children: 1 },
      { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
      ...names.map((name) => ({ name, ...text })),
    ],
    columnData: [
      { name: 'image', data: numbers.map((row) => ({ bytes: Buffer.from(`no image ${row}`) })), codec: 'UNCOMPRESSED' },
      ...names.map((name) => ({ name, data: numbers.map((row) => cellOf(name, row)) })),
    ],
  });
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, '.index') };
  await indexSource(options);
  const told = await openSource({ ...options, columns: names });
  assert.equal(told.count, count);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const last = await told.columns!(count - 1);
  // What it held up until now is seen by the next round.
  await immediate();
  await immediate();
  delay.disable();
  assert.deepEqual(JSON.parse(last), rowOf(count - 1));
  assert.ok(delay.max < 150e6, `${delay.max / 1e6} ms`);
  for (const row of [0, 1, 12_345, count - 2]) assert.deepEqual(JSON.parse(await told.columns!(row)), rowOf(row));

  function rowOf(row: number): Record<string, string | null> {
    return Object.fromEntries(names.map((name) => [name, cellOf(name, row)]));
  }
});

function cellOf(column: string, row: number): string | null {
  return row % 3 === 0 ? null : `${column} ä of ${row}`;
}
