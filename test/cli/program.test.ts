import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { indexedSamples, sevenRun } from '../fleet.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const main = join(root, 'dist/src/cli/main.cjs');
const runs = {
  whole: sevenRun({ image_size: 48, sample_t: 0 }),
};

test('the first line is enough for a reader such as head', async (t) => {
  const cwd = dirname(await indexedSamples(t, runs));
  const command = `node ${main} plan --run whole --epoch 0 --steps 0..6 | head -n 1; echo "codes \${PIPESTATUS[@]}"`;
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', command], { cwd });
  assert.equal(stderr, '');
  assert.match(stdout, /^\{"epoch":0,"step":0,.*\}\ncodes 0 0\n$/);
});

test('npx starts the command of a checkout', async () => {
  const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  assert.equal(join(root, bin.tributary), main);
  const { stdout } = await promisify(execFile)('npx', ['--no-install', 'tributary', '--version'], { cwd: root });
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});
