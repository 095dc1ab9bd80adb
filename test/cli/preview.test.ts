import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { indexedSamples, sevenRun, tributary } from '../fleet.js';

test('a sheet has an original beside each image, and a line for each', async (t) => {
  const cwd = dirname(await indexedSamples(t, { small: sevenRun({ image_size: 32 }) }));
  const shown = ['--images', '5', '--columns', '2', '--out', 'sheet.png', '--backend', 'simd'];
  const { code, stdout, stderr } = await tributary(['preview', '--run', 'small', '--step', '1', ...shown], { cwd });
  assert.deepEqual([code, stderr], [0, '']);
  const plan = await tributary(['plan', '--run', 'small', '--epoch', '0', '--steps', '1'], { cwd });
  const { samples } = JSON.parse(plan.stdout) as { samples: { source: string; key: string; seed: number }[] };
  const line = ({ source, key, seed }: (typeof samples)[number], i: number) =>
    `row ${Math.floor(i / 2)}, pair ${i % 2}: ${source} ${key} seed ${seed}\n`;
  assert.equal(stdout, samples.slice(0, 5).map(line).join(''));
  const { width, height } = await sharp(join(cwd, 'sheet.png')).metadata();
  assert.deepEqual([width, height], [2 * (2 * 32 + 3 * 4), 3 * (32 + 2 * 4)]);
});

test('several views of a sample stand in one row', async (t) => {
  const run = {
    ...sevenRun({ recipe: 'dinov3_vitl' }),
    image_size: undefined,
    global_size: 40,
    local_size: 24,
    local_count: 3,
  };
  const cwd = dirname(await indexedSamples(t, JSON.parse(JSON.stringify({ dino: run }))));
  const shown = ['--images', '3', '--out', 'sheet.png', '--backend', 'simd'];
  const { code, stdout, stderr } = await tributary(['preview', '--run', 'dino', ...shown], { cwd });
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^row 0: .*\nrow 1: .*\nrow 2: .*\n$/);
  const { width, height } = await sharp(join(cwd, 'sheet.png')).metadata();
  assert.deepEqual([width, height], [40 + 8 + 2 * 44 + 3 * 28, 3 * 48]);
});
