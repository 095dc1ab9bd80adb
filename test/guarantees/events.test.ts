import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Schedule } from '../../src/client/schedule-client.js';
import { train } from '../../src/client/trainer.js';
import { parseCursor } from '../../src/plan/cursor.js';
import { indexedSamples, sevenRun, startServer } from '../fleet.js';
import { all, loaderOn } from './epoch.js';

const main = fileURLToPath(new URL('../../src/cli/main.cjs', import.meta.url));
/** 7 steps of 8, three epochs. */
const runs = { short: sevenRun({ image_size: 48 }) };

test('a trainer that is killed goes on from the cursor that it saved, and has lost and repeated nothing', async (t) => {
  const config = await indexedSamples(t, runs);
  const replica = await startServer(t, 'serve', ['--config', config]);
  const schedule = await startServer(t, 'schedule', ['--config', config]);
  const loader = await loaderOn(t, [replica], 'short');
  const undisturbed: string[] = [];
  for (const epoch of [0, 1, 2])
    for (const { header, crc32 } of await all(loader.batches(epoch)))
      undisturbed.push(`${header.epoch} ${header.step} ${crc32.toString(16).padStart(8, '0')}`);
  const file = join(dirname(config), 'cursor');
  /** Batches that a trainer prints before it ends, or is killed at the given one. */
  const trainUntil = async (last: number, cursor: readonly string[]): Promise<string[]> => {
    const where = ['--address', replica.address, '--schedule', schedule.address];
    const child = spawn(
      process.execPath,
      [main, 'train', ...where, '--run', 'short', '--batches', '--cursor-file', file, ...cursor],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const seen: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const [, epoch, step, crc] = /^(\d{4})-(\d{8})-r0of1 ([0-9a-f]{8})/.exec(line) ?? [];
      if (crc === undefined) continue;
      seen.push(`${Number(epoch)} ${Number(step)} ${crc}`);
      if (seen.length === last) child.kill('SIGKILL');
    }
    return seen;
  };
  let at = 0;
  for (const last of [4, 5, 100]) {
    const seen = await trainUntil(last, at === 0 ? [] : ['--cursor', await readFile(file, 'utf8')]);
    assert.deepEqual(seen, undisturbed.slice(at, at + seen.length));
    const { epoch, step } = parseCursor(await readFile(file, 'utf8'));
    // The cursor is saved after its batch: at the kill it may be one behind what was printed.
    assert.ok(epoch * 7 + step >= at + seen.length - 1 && epoch * 7 + step <= 21, `cursor e${epoch}.s${step}`);
    at = epoch * 7 + step;
  }
  assert.equal(at, 21);
});

test('batches go on while the schedule endpoint is down, and the next epoch waits for it', async (t) => {
  const config = await indexedSamples(t, runs);
  const replica = await startServer(t, 'serve', ['--config', config]);
  const first = await startServer(t, 'schedule', ['--config', config]);
  const loader = await loaderOn(t, [replica], 'short');
  const schedule = await Schedule.connect({
    address: first.address,
    run: { name: 'short' },
    patience: 30,
  });
  t.after(() => schedule.close());
  const groups = [{ weight_decay: 1 }, { weight_decay: 0 }];
  const decays: number[] = [];
  let batches = 0;
  let back: Promise<unknown> = Promise.resolve();
  await train(loader, schedule, {
    groups,
    onEpoch: (_, weightDecay) => void decays.push(weightDecay),
    async onBatch({ header }) {
      batches++;
      if (header.epoch !== 0) return;
      if (header.step === 1) await first.stop('SIGKILL');
      // It starts again while the trainer asks for the next epoch.
      if (header.step === 6) back = startServer(t, 'schedule', ['--config', config], { listen: first.address });
    },
  });
  await back;
  assert.equal(batches, 21);
  assert.equal(decays.length, 3);
  assert.ok(decays[0]! < decays[1]! && decays[1]! < decays[2]! && decays[2] === 0.2, String(decays));
  assert.deepEqual(groups, [{ weight_decay: 0.2 }, { weight_decay: 0 }]);
  await assert.rejects(schedule.epoch(0, 'f'.repeat(64)), { reason: 'FINGERPRINT_MISMATCH' });
});
