import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder, tributary } from '../fleet.js';
import { serving, servingSchedule, smallReplica } from '../server/small-replica.js';

test('proxies of the environment are not asked for replicas', async (t) => {
  const replica = await smallReplica(t);
  const address = await serving(t, replica);
  const env = Object.fromEntries(
    ['http_proxy', 'https_proxy', 'grpc_proxy'].map((name) => [name, 'http://127.0.0.1:1']),
  );
  const out = await temporaryFolder(t);
  const run = ['--address', address, '--run', 'small', '--patience', '5'];
  for (const args of [
    ['health', '--address', address],
    ['fetch', ...run, '--epoch', '0', '--step', '0', '--out', out],
    ['train', ...run, '--schedule', await servingSchedule(t, replica), '--epochs', '1'],
  ]) {
    const { code, stderr } = await tributary(args, {
      env: { ...process.env, ...env, no_proxy: '', no_grpc_proxy: '' },
    });
    assert.equal(code, 0, stderr);
  }
});
