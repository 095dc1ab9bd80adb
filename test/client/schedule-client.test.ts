import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyWeightDecay, Schedule } from '../../src/client/schedule-client.js';
import { servingSchedule, smallReplica } from '../server/small-replica.js';

test('weight decay is set where there is some', () => {
  const groups = [{ weight_decay: 0.1 }, { weight_decay: 0 }];
  applyWeightDecay(groups, 0.3);
  assert.deepEqual(groups, [{ weight_decay: 0.3 }, { weight_decay: 0 }]);
});

test('an epoch’s settings come from an endpoint of the same run alone', async (t) => {
  const replica = await smallReplica(t, { weight_decay: 0.1, wd_end: 0.2, wd_schedule: 'linear' });
  const { fingerprint } = await replica.runs.open({ name: 'small' });
  const schedule = await Schedule.connect({
    address: await servingSchedule(t, replica),
    run: { name: 'small' },
    patience: 5,
  });
  t.after(() => schedule.close());
  const epochs = await Promise.all([0, 1].map((epoch) => schedule.epoch(epoch, fingerprint)));
  assert.deepEqual(
    epochs.map(({ epoch }) => epoch),
    [0, 1],
  );
  assert.equal(epochs[0]!.weightDecay, 0.1);
  assert.ok(epochs[1]!.weightDecay > 0.1);
  await assert.rejects(schedule.epoch(2, fingerprint), { reason: 'EPOCH_OUT_OF_RANGE' });
  await assert.rejects(schedule.epoch(0, '0'.repeat(64)), { reason: 'FINGERPRINT_MISMATCH' });
  assert.equal((await schedule.epoch(0, fingerprint)).weightDecay, 0.1);
});
