import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StorageFault } from '../../../src/sources/storage/storage.js';
import { readable, unreadable } from '../../../src/sources/storage/unreadable.js';

test('what a storage said names the place, and keeps its code', () => {
  const error = unreadable(new StorageFault('/data/closed', 'EACCES', false, 'EACCES: permission denied'));
  assert.deepEqual([error.reason, error.metadata], ['SOURCE_UNREADABLE', { path: '/data/closed', cause: 'EACCES' }]);
  assert.match(error.message, /to read \/data\/closed, but got EACCES: permission denied/);
});

test('a store that was asked in vain is away, and one that wants something of a person says what', async () => {
  const away = new StorageFault('s3://b/a', '503', true, 'not able to');
  away.attempts = 8;
  await assert.rejects(readable(Promise.reject(away)), { reason: 'STORAGE_UNAVAILABLE', message: /in 8 attempts/ });
  const denied = new StorageFault('s3://b/a', '403', true, 'not allowed', undefined, 'Allow it');
  await assert.rejects(readable(Promise.reject(denied)), { reason: 'SOURCE_UNREADABLE', message: /Allow it\.$/ });
  assert.equal(await readable(Promise.resolve(1)), 1);
});
