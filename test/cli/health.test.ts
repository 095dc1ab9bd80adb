import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexedSamples, startServer, temporaryFolder, tributary } from '../fleet.js';
import { serving, servingSchedule, smallReplica } from '../server/small-replica.js';

test('health is told in a word and by the exit code', async (t) => {
  const config = await indexedSamples(t);
  const server = await startServer(t, 'schedule', ['--config', config]);
  const health = async (...more: string[]) => {
    const { code, stdout } = await tributary(['health', '--address', server.address, ...more]);
    return [code, stdout];
  };
  assert.deepEqual(await health(), [0, 'SERVING\n']);
  assert.deepEqual(await health('--service', 'tributary.v1.ScheduleService'), [0, 'SERVING\n']);
  assert.deepEqual(await health('--service', 'tributary.v1.LoaderService'), [1, '']);
  await server.stop();
  assert.deepEqual(await health(), [1, '']);
});

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
