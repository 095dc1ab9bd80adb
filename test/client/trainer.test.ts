import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Loader } from '../../src/client/loader.js';
import { Schedule } from '../../src/client/schedule-client.js';
import { train } from '../../src/client/trainer.js';
import { serving, servingSchedule, smallReplica } from '../server/small-replica.js';

test('each epoch’s weight decay is set before its batches, and a cursor goes on where it points', async (t) => {
  const replica = await smallReplica(t, { weight_decay: 0.1, wd_end: 0.2 });
  const run = { name: 'small' };
  const loader = await Loader.connect({ address: await serving(t, replica), run, patience: 10 });
  const schedule = await Schedule.connect({ address: await servingSchedule(t, replica), run, patience: 10 });
  t.after(() => loader.close());
  t.after(() => schedule.close());
  const trained = async (options: { cursor?: string; epochs?: number } = {}) => {
    const events: string[] = [];
    const cursors: string[] = [];
    const groups = [{ weight_decay: 1 }, { weight_decay: 0 }];
    await train(
      loader,
      schedule,
      {
        groups,
        onEpoch: (epoch, weightDecay) => {
          assert.deepEqual(groups, [{ weight_decay: weightDecay }, { weight_decay: 0 }]);
          events.push(`epoch ${epoch}`);
        },
        onBatch: ({ address: { epoch, step }, header, crc32 }) => {
          events.push(`${epoch}/${step} ${crc32}`);
          cursors.push(header.nextCursor);
        },
      },
      options,
    );
    return { events, cursors };
  };
  const { events, cursors } = await trained();
  assert.equal(events.length, 2 * (1 + 7));
  assert.deepEqual([events[0], events[8]], ['epoch 0', 'epoch 1']);
  assert.deepEqual((await trained({ cursor: cursors[4]! })).events, ['epoch 0', ...events.slice(6)]);
  assert.deepEqual((await trained({ epochs: 1 })).events, events.slice(0, 8));
  assert.deepEqual((await trained({ cursor: cursors.at(-1)! })).events, []);
  await assert.rejects(trained({ cursor: `v1.${'0'.repeat(16)}.e0.s0` }), { reason: 'FINGERPRINT_MISMATCH' });
});
