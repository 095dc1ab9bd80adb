import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexedSamples, sevenRun, tributary } from '../fleet.js';

const runs = {
  whole: sevenRun({ image_size: 48, sample_t: 0 }),
  greyer: sevenRun({ image_size: 48, sample_t: 0, grayscale: 1 }),
};
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('diff names the knobs and the samples that differ, and exits with 1 only where something does', async (t) => {
  const config = await indexedSamples(t, { ...runs, other: sevenRun({ image_size: 48, sample_t: 0, seed: 8 }) });
  const diff = async (...args: string[]) => tributary(['diff', ...args, '--config', config]);
  const same = await diff('whole', 'whole');
  assert.deepEqual([same.code, same.stdout], [0, '']);
  const knob = await diff('whole', 'greyer');
  assert.equal(knob.code, 1);
  assert.match(knob.stdout, /grayscale/);
  assert.doesNotMatch(knob.stdout, /"slot"/);
  const seed = await diff('whole', 'other', '--steps', '0..1');
  assert.equal(seed.code, 1);
  assert.ok(lines(seed.stdout).filter((line) => 'slot' in line).length > 8);
});
