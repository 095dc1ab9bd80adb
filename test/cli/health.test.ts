import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexedSamples, startServer, tributary } from '../fleet.js';

test('health is told in a word and by the exit code', async (t) => {
  const config = await indexedSamples(t);
  const server = await startServer(t, 'schedule', ['--config', config]);
  const health = async (...more: string[]) => {
    const { code, stdout } = await tributary(['health', '--address', server.address, '--patience', '60', ...more]);
    return [code, stdout];
  };
  assert.deepEqual(await health(), [0, 'SERVING\n']);
  assert.deepEqual(await health('--service', 'tributary.v1.ScheduleService'), [0, 'SERVING\n']);
  assert.deepEqual(await health('--service', 'tributary.v1.LoaderService'), [1, '']);
  await server.stop();
  assert.deepEqual(await health(), [1, '']);
});
