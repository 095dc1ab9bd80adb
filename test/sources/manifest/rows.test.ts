import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MemberRow, RowCollector, rowsPerBatch, wide } from '../../../src/sources/manifest/rows.js';

const bytes = (text: string) => new TextEncoder().encode(text);

test('rows come back by columns, in batches that are full but for the last', () => {
  const collector = new RowCollector(false);
  const count = rowsPerBatch + 3;
  const prefix = bytes('folder/');
  for (let i = 0; i < count; i++) {
    const names = bytes(`--${i}.jpg--`);
    collector.append(prefix, names, 2, names.length - 2, i, i % 5, null);
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

test('members keep offsets of 64 bits', () => {
  const collector = new RowCollector(true);
  const member: MemberRow = {
    shard: 3,
    offset: 2 ** 40 + 5,
    txtOffset: 2 ** 33,
    txtSize: 7,
    jsonOffset: 0,
    jsonSize: 0,
  };
  collector.append(bytes(''), bytes('a.jpg'), 0, 5, 9, -1, member);
  const [{ members, labels }] = collector.finish() as [ReturnType<RowCollector['finish']>[0]];
  assert.deepEqual(
    [
      members!.shard[0],
      wide(members!.offset, 0),
      wide(members!.txtOffset, 0),
      members!.txtSize[0],
      wide(members!.jsonOffset, 0),
    ],
    [3, 2 ** 40 + 5, 2 ** 33, 7, 0],
  );
  assert.equal(labels[0], -1);
});
