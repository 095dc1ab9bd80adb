import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probeDevice } from '../../../src/augment/gpu/device-probe.js';

test('where there is no device the answer is one line that says so', async () => {
  process.env.VK_ICD_FILENAMES = process.env.VK_DRIVER_FILES = '/nonexistent.json';
  const answer = await probeDevice();
  assert.ok('missing' in answer, JSON.stringify(answer));
  assert.match(answer.missing, /^[^\n]*adapter[^\n]*$/);
});
