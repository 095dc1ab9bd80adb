import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, StorageFault } from '../../../src/sources/storage/storage.js';

test('a fault has what the storage said, and the cause where there is one', () => {
  const cause = new Error('EIO');
  const fault = new StorageFault('/a', 'EIO', true, 'the disk failed', cause);
  assert.deepEqual(
    [fault.name, fault.url, fault.code, fault.mayPass, fault.message, fault.cause],
    ['StorageFault', '/a', 'EIO', true, 'the disk failed', cause],
  );
  assert.ok(!('cause' in new StorageFault('/a', 'NOT_A_FILE', false, 'a folder')));
});

test('bytes that come in pieces are put together, up to the end of the file', async () => {
  const content = Buffer.from('0123456789');
  const read = async (into: Uint8Array, offset: number) => content.copy(into.subarray(0, 3), 0, offset);
  const file = { size: 10, read, close() {} };
  const into = Buffer.alloc(7);
  assert.equal(await fill(file, into, 2), 7);
  assert.equal(into.toString(), '2345678');
  assert.equal(await fill(file, into, 6), 4);
});
