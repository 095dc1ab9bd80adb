import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { toFailure } from '../../src/client/failure.js';
import { toServiceError } from '../../src/contract/error-details.js';
import { TributaryError } from '../../src/errors.js';

const full = new TributaryError('UNKNOWN_RUN', { expected: 'a run', came: 'none', remedy: 'Name one' });

test('a server’s own error is read whole, with its verdict and the pause that it asked for', () => {
  const { error, verdict, retrySeconds, peer } = toFailure(toServiceError(full), 'a:1');
  assert.deepEqual(
    [error.reason, error.message, verdict, retrySeconds, peer],
    ['UNKNOWN_RUN', full.message, 'refused', 0, 'a:1'],
  );
  const busy = new TributaryError('SERVER_DRAINING', {
    ...{ expected: 'room', came: 'none', remedy: 'Wait', metadata: { retry_delay_ms: '1500' } },
  });
  assert.deepEqual([toFailure(toServiceError(busy), 'a:1').retrySeconds, toFailure(busy, '').verdict], [1.5, 'again']);
});

function failed(code: status, details: string): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}

test('a connection that failed is NO_REPLICA, in the words of what it failed of', () => {
  const { error, verdict } = toFailure(
    failed(
      status.UNAVAILABLE,
      'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ',
    ),
    'a:1',
  );
  assert.deepEqual([error.reason, verdict], ['NO_REPLICA', 'again']);
  assert.match(error.message, /an answer from a:1, but got UNAVAILABLE \(.*connect ECONNREFUSED 127\.0\.0\.1:1/);
});

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

test('a pause that is no time is none', () => {
  for (const [text, seconds] of [
    ['-1', 0],
    ['soon', 0],
    ['1e999', 0],
    ['250', 0.25],
  ] as const) {
    const parts = { expected: 'room', came: 'none', remedy: 'Wait', metadata: { retry_delay_ms: text } };
    assert.equal(toFailure(new TributaryError('REPLICA_BUSY', parts), 'a:1').retrySeconds, seconds, text);
  }
});
