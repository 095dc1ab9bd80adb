import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHealth } from '../../src/client/ask-health.js';
import { Loader } from '../../src/client/loader.js';
import { Schedule } from '../../src/client/schedule-client.js';
import { TributaryError } from '../../src/errors.js';
import { indexedSamples, sevenRun, startServer } from '../fleet.js';

const seven = { name: 'seven' } as const;

test('the schedule endpoint gives what upstream sets, and notices a loader of another run', async (t) => {
  const config = await indexedSamples(t, { other: sevenRun({ seed: 8 }) });
  const [server, endpoint] = await Promise.all([
    startServer(t, 'serve', ['--config', config]),
    startServer(t, 'schedule', ['--config', config]),
  ]);
  assert.equal(await checkHealth(endpoint.address, 'tributary.v1.ScheduleService', { patience: 60 }), 'SERVING');
  const loader = await Loader.connect({ address: server.address, run: seven });
  const schedule = await Schedule.connect({ address: endpoint.address, run: seven });
  const strange = await Schedule.connect({
    address: endpoint.address,
    run: { name: 'other' },
    patience: 2,
  });
  t.after(() => {
    for (const client of [loader, schedule, strange]) client.close();
  });
  const { fingerprint } = await loader.describe();
  const values: number[] = [];
  for (let epoch = 0; epoch < 3; epoch++) values.push((await schedule.epoch(epoch, fingerprint)).weightDecay);
  for (const [epoch, expected] of [0.04, 0.12, 0.2].entries()) assert.ok(Math.abs(values[epoch]! - expected) < 1e-15);
  await assert.rejects(
    schedule.epoch(3, fingerprint),
    (error) => error instanceof TributaryError && error.reason === 'EPOCH_OUT_OF_RANGE',
  );
  await assert.rejects(
    strange.epoch(0, fingerprint),
    (error) => error instanceof TributaryError && error.reason === 'FINGERPRINT_MISMATCH',
  );
});
