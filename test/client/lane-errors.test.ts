import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disagree, endedEarly, notConnected, otherRun, otherStep } from '../../src/client/lane-errors.js';
import type { ReceivedBatch } from '../../src/client/receive.js';
import { contract } from '../../src/contract/contract.js';

const { BatchHeader } = contract.tributary.v1;
const address = { epoch: 2, step: 5, rank: 0, worldSize: 1 };
const batch: ReceivedBatch = {
  ...{ address, data: Buffer.alloc(0), views: {}, crc32: 7, peer: 'a:1', seed: 0 },
  header: BatchHeader.deserialize(BatchHeader.serialize({ address, fingerprint: 'ab' })),
};

test('each error of a lane names the replica and what it did', () => {
  for (const [error, reason, message] of [
    [endedEarly(5, 'a:1'), 'NO_REPLICA', /step 5 from a:1, but got the end of the stream/],
    [otherStep(4, batch), 'INTERNAL', /step 4 from a:1, but got step 5 of epoch 2/],
    [otherRun('cd', batch), 'FINGERPRINT_MISMATCH', /fingerprint cd, but got ab from a:1/],
    [disagree(5, { crc32: 8, peer: 'b:2' }, batch), 'REPLAY_DIFFERS', /CRC-32 8 from b:2 and 7 from a:1/],
    [notConnected('a:1', 3), 'NO_REPLICA', /a connection to a:1 within 3 s/],
  ] as const) {
    assert.equal(error.reason, reason);
    assert.match(error.message, message);
  }
  assert.deepEqual(disagree(5, { crc32: 8, peer: 'b:2' }, batch).metadata, { epoch: '2', step: '5' });
});
