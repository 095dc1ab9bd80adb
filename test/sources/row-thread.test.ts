import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { textAt } from '../../src/sources/packed-texts.js';
import readRows from '../../src/sources/row-thread.js';

const files = fileURLToPath(new URL('../../../test/sources/parquet', import.meta.url));

async function shardOf(name: string) {
  const path = join(files, name);
  return { path, root: files, offset: 0, length: (await stat(path)).size };
}

test('a shard tells its form, and what columns have in some of its rows', async () => {
  const shard = await shardOf('zstd.parquet');
  const answer = await readRows({ shard });
  assert.ok('form' in answer);
  assert.deepEqual(answer.form, { bounds: [0, 3, 6, 7], columns: ['label', 'caption'] });
  const rows = await readRows({ shard, rows: { columns: ['caption', 'label'], from: 3, to: 6 } });
  assert.ok('rows' in rows);
  assert.deepEqual(
    [0, 1, 3].map((index) => textAt(rows.rows, index)),
    ['{"label":2,"caption":"a photo of 3 ä"}', '{"label":null,"caption":"a photo of 4 ä"}', ''],
  );
});

test('a shard that is gone is an answer, with its reason, and one that is none is an error', async () => {
  const shard = await shardOf('zstd.parquet');
  const gone = await readRows({ shard: { ...shard, path: `${shard.path}.gone` } });
  assert.ok('reason' in gone);
  assert.equal(gone.reason, 'SAMPLE_CORRUPT');
  assert.match(gone.detail.came, /gone/);
  await assert.rejects(readRows({ shard: await shardOf('sums.json') }), /no Parquet file/);
});
