import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexedRuns } from '../../src/cli/runs.js';
import { parseConfig } from '../../src/run/config.js';
import { openOrIndexSource } from '../../src/sources/open-source.js';
import { temporaryFolder, writeTree } from '../sources/tree.js';

test('a source without a manifest is refused with the command that builds it, or indexed on the way', async (t) => {
  const folder = await temporaryFolder(t);
  await writeTree(folder, { 'a/1.jpg': 10, 'a/2.jpg': 10 });
  const text = 'sources: {a: a}\nruns: {r: {recipe: dinov3, sources: [a], global_batch: 1, epochs: 1}}';
  const config = parseConfig(text, { folder, name: join(folder, 'tributary.yaml') });
  await assert.rejects(indexedRuns(config).open({ name: 'r' }), { reason: 'NOT_INDEXED', message: /tributary index/ });
  const { fingerprint } = await indexedRuns(config, openOrIndexSource).open({ name: 'r' });
  assert.equal((await indexedRuns(config).open({ name: 'r' })).fingerprint, fingerprint);
});
