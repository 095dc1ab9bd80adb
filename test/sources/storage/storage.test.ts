import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StorageFault } from '../../../src/sources/storage/storage.js';

test('a fault has what the storage said, and the cause where there is one', () => {
  const cause = new Error('EIO');
  const fault = new StorageFault('/a', 'EIO', true, 'the disk failed', cause);
  assert.deepEqual(
    [fault.name, fault.url, fault.code, fault.mayPass, fault.message, fault.cause],
    ['StorageFault', '/a', 'EIO', true, 'the disk failed', cause],
  );
  assert.ok(!('cause' in new StorageFault('/a', 'NOT_A_FILE', false, 'a folder')));
});
