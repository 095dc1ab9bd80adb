import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnRows, memberRows, RowCollector, rowsPerBatch } from '../../../src/sources/manifest/rows.js';

const bytes = (text: string) => new TextEncoder().encode(text);

test('rows come back by columns, in batches that are full but for the last', () => {
  const collector = new RowCollector();
  const count = rowsPerBatch + 3;
  const prefix = bytes('folder/');
  for (let i = 0; i < count; i++) {
    const names = bytes(`--${i}.jpg--`);
    collector.append(prefix, names, 2, names.length - 2, i, i % 5);
  }
  const batches = collector.finish();
  assert.deepEqual(
    batches.map((batch) => batch.count),
    [rowsPerBatch, 3],
  );
  for (const i of [0, 1, rowsPerBatch - 1, rowsPerBatch, count - 1]) {
    const { keys, keyOffsets, sizes, labels, members } = batches[Math.floor(i / rowsPerBatch)]!;
    const row = i % rowsPerBatch;
    const key = Buffer.from(keys.subarray(keyOffsets[row]!, keyOffsets[row + 1]!)).toString();
    assert.deepEqual([key, sizes[row], labels[row], members], [`folder/${i}.jpg`, i, i % 5, null]);
  }
  assert.deepEqual(collector.finish(), [], 'the collector is empty after it');
});

test('members keep offsets of 64 bits, and are gathered from parts', () => {
  const far = 2n ** 40n + 5n;
  const part = (rows: readonly number[]) => ({
    shard: Uint32Array.from(rows),
    offset: BigUint64Array.from(rows, (row) => far + BigInt(row)),
    txtOffset: BigUint64Array.from(rows, BigInt),
    txtSize: Uint32Array.from(rows),
    jsonOffset: new BigUint64Array(rows.length),
    jsonSize: new Uint32Array(rows.length),
  });
  const { shard, offset, jsonSize } = memberRows([part([0, 1, 2]), part([3, 4])], 1, 3);
  assert.deepEqual(
    [[...shard], [...offset], [...jsonSize]],
    [
      [1, 2, 3],
      [far + 1n, far + 2n, far + 3n],
      [0, 0, 0],
    ],
  );
});

test('rows of a column are taken across its parts, as many as there is room for', () => {
  const parts = [[0, 1], [], [2, 3, 4], [5]].map((rows) => Uint32Array.from(rows));
  for (let first = 0; first <= 6; first++)
    for (let count = 0; first + count <= 6; count++)
      assert.deepEqual(
        [...columnRows(parts, first, new Uint32Array(count))],
        Array.from({ length: count }, (_, i) => first + i),
      );
});
