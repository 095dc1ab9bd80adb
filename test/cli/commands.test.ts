import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { indexedSamples, sevenRun, startServer, temporaryFolder, tributary } from '../fleet.js';
import { filesOf } from '../guarantees/damage.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const main = join(root, 'dist/src/cli/main.cjs');
const runs = {
  whole: sevenRun({ image_size: 48, sample_t: 0 }),
  greyer: sevenRun({ image_size: 48, sample_t: 0, grayscale: 1 }),
};
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('plan, find and mixture agree with each other and with what is fetched', async (t) => {
  const config = await indexedSamples(t, runs);
  const cwd = dirname(config);
  const [file] = await filesOf(config, 'coco/images/train2017', 'coco');
  const found = lines(
    (
      await tributary(
        ['find', '--run', 'whole', '--source', 'coco', '--key', file!.key, '--epoch', '1', '--world-size', '4'],
        { cwd },
      )
    ).stdout,
  );
  assert.equal(found.length, 1);
  const [{ step, slot, rank }] = found;
  const plans = lines((await tributary(['plan', '--run', 'whole', '--epoch', '1', '--steps', '0..6'], { cwd })).stdout);
  assert.deepEqual(
    plans.map((plan) => plan.step),
    [0, 1, 2, 3, 4, 5, 6],
  );
  assert.equal(plans[step].samples[slot].key, file!.key);
  assert.equal(rank, Math.floor(slot / 2));
  const counts = new Map<string, number>();
  for (const { source } of plans.slice(2, 5).flatMap(({ samples }) => samples))
    counts.set(source, (counts.get(source) ?? 0) + 1);
  const mixture = lines(
    (await tributary(['mixture', '--run', 'whole', '--epoch', '1', '--steps', '2..4'], { cwd })).stdout,
  );
  for (const { source, count } of mixture) assert.equal(count, counts.get(source) ?? 0, source);

  const replica = await startServer(t, 'serve', ['--config', config]);
  const out = await temporaryFolder(t);
  const fetched = await tributary([
    'fetch',
    '--address',
    replica.address,
    '--run',
    'whole',
    '--epoch',
    '1',
    '--step',
    String(step),
    '--world-size',
    '4',
    '--rank',
    String(rank),
    '--out',
    out,
  ]);
  assert.equal(fetched.code, 0, fetched.stderr);
  const header = JSON.parse(await readFile(join(out, `0001-0000000${step}-r${rank}of4.json`), 'utf8'));
  const planned = plans[step].samples.slice(2 * rank, 2 * rank + 2);
  for (const [i, { source, key, seed }] of header.samples.entries())
    assert.deepEqual([source, key, seed], [planned[i].source, planned[i].key, planned[i].seed]);
});

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

test('Ctrl-C ends train and fetch with 130 long before they are done, and says where to go on', async (t) => {
  const config = await indexedSamples(t, { long: sevenRun({ image_size: 224, epochs: 1000 }) });
  const replica = await startServer(t, 'serve', ['--config', config]);
  const schedule = await startServer(t, 'schedule', ['--config', config]);
  const out = await temporaryFolder(t);
  const place = ['--address', replica.address, '--run', 'long'];
  const cases = [
    {
      args: ['train', ...place, '--schedule', schedule.address, '--batches'],
      says: /interrupted; go on with --cursor v1\.[0-9a-f]{16}\.e\d+\.s\d+\n$/,
    },
    { args: ['fetch', ...place, '--epoch', '0', '--step', '0', '--steps', '7', '--out', out], says: /interrupted\n$/ },
  ];
  for (const { args, says } of cases) {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    await new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
    child.kill('SIGINT');
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 130, stderr);
    assert.match(stderr, says);
  }
});
