import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTimeout } from '../../src/decode/decode-timeout.js';

test('a decoding that took too long says how long it had, and is no verdict on the file', () => {
  const error = decodeTimeout(0.5, 'timeout: 12% complete');
  assert.deepEqual([error.reason, error.metadata], ['DECODE_TIMEOUT', { seconds: '0.5' }]);
  assert.match(error.message, /within 0\.5 s, but got timeout: 12% complete/);
});
