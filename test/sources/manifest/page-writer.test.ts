import assert from 'node:assert/strict';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tableFromIPC } from 'apache-arrow';
import { PageWriter } from '../../../src/sources/manifest/page-writer.js';
import { RowCollector, rowsPerBatch } from '../../../src/sources/manifest/rows.js';
import { temporaryFolder } from '../tree.js';

test('Arrow reads all pages, and has the details in its schema', async (context) => {
  const path = join(await temporaryFolder(context), 'm.arrow');
  const count = rowsPerBatch + 2;
  const collector = new RowCollector();
  for (let i = 0; i < count; i++)
    collector.append(Buffer.from('a/'), Buffer.from(String(i)), 0, 1 + (i > 9 ? 1 : 0), i, -1);
  const file = await open(path, 'wx');
  const writer = new PageWriter(file, 'files');
  for (const batch of collector.finish()) await writer.add(batch);
  const place = { root: '/data', folder: '', guard: 'root', layout: 'flat', source: 's', split: 'train' } as const;
  const nothing = { classNames: [], folders: [], shards: [], warnings: [] };
  await writer.end({ format: 2, ...place, ...nothing, count, bytes: 0, fingerprint: '0'.repeat(64) });
  await file.close();
  const table = tableFromIPC(await readFile(path));
  assert.deepEqual([table.numRows, table.batches.length], [count, 2]);
  assert.deepEqual(table.get(9)!.toJSON(), { key: 'a/9', size: 9, label: -1 });
  assert.equal(table.get(count - 1)!.toJSON().size, count - 1);
  assert.equal(JSON.parse(table.schema.metadata.get('tributary')!).count, count);
});
