import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schedule } from '../../src/client/schedule-client.js';
import { indexedSamples, startServer } from '../fleet.js';

test('the schedule’s process tells its runs, and serves them', async (t) => {
  const server = await startServer(t, 'schedule', ['--config', await indexedSamples(t)]);
  const told = server.log.find(({ msg }) => msg === 'run')!;
  assert.equal(told.run, 'seven');
  const schedule = await Schedule.connect({ address: server.address, run: { name: 'seven' }, patience: 5 });
  t.after(() => schedule.close());
  assert.equal((await schedule.epoch(2, String(told.fingerprint))).weightDecay, 0.2);
});
