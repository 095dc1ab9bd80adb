import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allPages, pagesOf } from '../../../src/sources/manifest/pages.js';
import { RowCollector, rowsPerBatch } from '../../../src/sources/manifest/rows.js';

test('all pages come once, in their order, and none beyond the count', async () => {
  const collector = new RowCollector();
  const count = 2 * rowsPerBatch + 1;
  for (let i = 0; i < count; i++) collector.append(new Uint8Array(0), Buffer.from('a'), 0, 1, i, -1);
  const pages = pagesOf(collector.finish(), rowsPerBatch);
  const read = async (rows: number) => {
    const found: [number, number | undefined][] = [];
    for await (const { count, sizes } of allPages(pages, rows)) found.push([count, sizes[0]]);
    return found;
  };
  assert.deepEqual(await read(count), [
    [rowsPerBatch, 0],
    [rowsPerBatch, rowsPerBatch],
    [1, 2 * rowsPerBatch],
  ]);
  assert.equal((await read(2 * rowsPerBatch)).length, 2);
  assert.equal(pages.at(1), pages.read(1));
});
