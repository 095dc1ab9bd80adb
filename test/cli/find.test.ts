import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { indexedSamples, sevenRun, tributary } from '../fleet.js';

test('a sample is found where the plan has it', async (t) => {
  const cwd = dirname(await indexedSamples(t, { whole: sevenRun({ image_size: 32, sample_t: 0 }) }));
  const plan = await tributary(['plan', '--run', 'whole', '--epoch', '1', '--steps', '2'], { cwd });
  const { samples } = JSON.parse(plan.stdout) as { samples: { source: string; key: string }[] };
  const { source, key } = samples[5]!;
  const place = ['--run', 'whole', '--source', source, '--key', key, '--epoch', '1', '--world-size', '4'];
  const { code, stdout, stderr } = await tributary(['find', ...place], { cwd });
  assert.deepEqual([code, stderr], [0, '']);
  const found = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(
    found.some(({ epoch, step, slot, rank }) => epoch === 1 && step === 2 && slot === 5 && rank === 2),
    stdout,
  );
  const all = await tributary(['find', ...place.filter((_, i) => i !== 6 && i !== 7)], { cwd });
  const epochs = all.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).epoch);
  assert.deepEqual([...new Set(epochs)], [0, 1, 2]);
  assert.ok(all.stdout.includes(stdout));
});
