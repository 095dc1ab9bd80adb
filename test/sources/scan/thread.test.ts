import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import runScan from '../../../src/sources/scan/thread.js';
import { temporaryFolder } from '../tree.js';

test('a task that fails is an answer, with what the storage said as plain data', async (t) => {
  const url = join(await temporaryFolder(t), 'nowhere');
  const outcome = await runScan({
    scan: 'listFolder',
    task: { url, prefix: '', within: [url], followsFolders: false },
  });
  assert.ok('fault' in outcome);
  assert.deepEqual([outcome.fault.url, outcome.fault.code], [url, 'ENOENT']);
  assert.deepEqual(structuredClone(outcome), outcome, 'it crosses threads');
});
