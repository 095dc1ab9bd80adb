import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { toFailure } from '../../src/client/status.js';

function failed(code: status, details: string): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}

test('limits are named, and are no lack of replicas', () => {
  for (const [code, details, reason, verdict] of [
    [status.RESOURCE_EXHAUSTED, 'Received message larger than max (9437184 vs 8388608)', 'TOO_MUCH_ASKED', 'refused'],
    [
      status.UNAVAILABLE,
      'No connection established. Last error: Error: connect EMFILE 10.0.0.1:50051',
      'CLIENT_EXHAUSTED',
      'end',
    ],
    [status.UNAVAILABLE, 'No connection established. Last error: Error: connect ECONNREFUSED', 'NO_REPLICA', 'again'],
    [status.RESOURCE_EXHAUSTED, 'Bandwidth exhausted', 'NO_REPLICA', 'again'],
  ] as const) {
    const failure = toFailure(failed(code, details), '10.0.0.1:50051');
    assert.deepEqual([failure.error.reason, failure.verdict], [reason, verdict], details);
  }
});
