import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unreadable } from '../../../src/sources/scan/unreadable.js';

test('what a storage said names the place, and keeps its code', () => {
  const error = unreadable({ url: '/data/closed', code: 'EACCES', message: 'EACCES: permission denied' });
  assert.deepEqual([error.reason, error.metadata], ['SOURCE_UNREADABLE', { path: '/data/closed', cause: 'EACCES' }]);
  assert.match(error.message, /to read \/data\/closed, but got EACCES: permission denied/);
});
