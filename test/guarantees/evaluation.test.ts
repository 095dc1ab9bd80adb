import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { startTorchvision } from '../../scripts/torchvision-process.js';
import { encodePng } from '../../src/decode/encode-png.js';
import { startServer, temporaryFolder, tributary } from '../fleet.js';
import { all, loaderOn, slotsOf } from './epoch.js';

/** Width and height. The longest strips are beyond what a test can have Pillow hold in memory. */
const sizes = [
  [300, 200],
  [201, 299],
  [640, 427],
  [256, 256],
  [224, 224],
  [31, 57],
  [3, 500],
  [1, 1],
  [1, 1000],
  [1000, 1],
] as const;
const strips = { accepted: [209_715, 1], refused: [1, 999_999] } as const;

async function drawn(folder: string, name: string, [width, height]: readonly [number, number]): Promise<void> {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = (Math.imul(i + width, 2654435761) >>> 24) ^ ((i % (width * 3)) >> 2);
  const path = join(folder, `${name}.png`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await encodePng({ data, width, height }));
}

/** A source of these images for validation and one for training, a run that trains on it, and a replica of it. */
async function served(t: TestContext) {
  const folder = await temporaryFolder(t);
  for (const [i, size] of sizes.entries()) await drawn(join(folder, 'made/val'), `${i}`.padStart(2, '0'), size);
  for (const [name, size] of Object.entries(strips)) await drawn(join(folder, 'made/val'), `strip-${name}`, size);
  for (const name of ['1', '2']) await drawn(join(folder, 'made/train'), name, [40, 30]);
  const run = { recipe: 'dinov3', sources: ['made'], resize_size: 256, global_batch: 2, epochs: 1 };
  const config = join(folder, 'tributary.yaml');
  await writeFile(config, stringify({ sources: { made: './made' }, runs: { r: run } }));
  for (const more of [[], ['--split', 'val']]) {
    const { code, stderr } = await tributary(['index', '--config', config, ...more]);
    assert.equal(code, 0, stderr);
  }
  return { folder, config, replica: await startServer(t, 'serve', ['--config', config, '--workers', '1']) };
}

test('a validation stream is stock torchvision’s Resize and CenterCrop, and a strip that it cannot resize changes its own slot', async (t) => {
  const { folder, replica } = await served(t);
  const loader = await loaderOn(t, [replica], 'r', { run: { name: 'r', split: 'val' } });
  const { evaluate, split, resizeSize, samplesPerEpoch } = await loader.describe();
  assert.deepEqual([evaluate, split, resizeSize, samplesPerEpoch], [true, 'val', 256, 12]);
  const slots = slotsOf(await all(loader.batches(3)));
  const torchvision = startTorchvision();
  t.after(() => torchvision.close());
  for (const { sample, pixels } of slots.slice(0, sizes.length)) {
    const file = await readFile(join(folder, 'made', sample.key));
    const knobs = { interpolation: 'BICUBIC', resize_size: 256 } as const;
    const { data } = await torchvision.ask({ kind: 'evaluation', size: 224, knobs }, file);
    assert.ok(pixels.equals(data), sample.key);
  }
  const told = slots.map(({ sample }) => sample.key.replace('val/', ''));
  assert.deepEqual(told.slice(sizes.length), ['strip-accepted.png', '00.png']);
  const { status, corruptKeys, corruptReasons } = slots.at(-1)!.sample;
  assert.deepEqual(
    [status, corruptKeys, corruptReasons],
    ['SAMPLE_STATUS_SUBSTITUTED', ['val/strip-refused.png'], ['too-long']],
  );
});

test('a batch of a split that a request asked for comes again from its header alone', async (t) => {
  const { config, replica } = await served(t);
  const out = await temporaryFolder(t);
  const place = ['--address', replica.address];
  for (const view of [['--split', 'val'], ['--evaluate'], []]) {
    const name = join(out, view.join(''));
    const fetch = ['fetch', ...place, '--run', 'r', ...view, '--epoch', '0', '--step', '0', '--out', name];
    const fetched = await tributary(fetch);
    assert.equal(fetched.code, 0, fetched.stderr);
    const replayed = await tributary(['replay', join(name, '0000-00000000-r0of1.json'), ...place]);
    assert.equal(replayed.code, 0, replayed.stderr);
  }
  const plan = ['plan', '--config', config, '--run', 'r', '--split', 'val', '--epoch', '0', '--steps', '1'];
  const keys = JSON.parse((await tributary(plan)).stdout).samples.map(({ key }: { key: string }) => key);
  assert.deepEqual(keys, ['val/02.png', 'val/03.png']);
  const train = await tributary(['fetch', ...place, '--run', 'r', '--epoch', '1', '--step', '0', '--out', out]);
  assert.match(train.stderr, /EPOCH_OUT_OF_RANGE/);
});
