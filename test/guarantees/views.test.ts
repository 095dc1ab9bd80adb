import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ReceivedBatch } from '../../src/client/receive.js';
import { parseCursor } from '../../src/plan/cursor.js';
import { indexedSamples, sevenRun, sevenSources, startServer, temporaryFolder, tributary } from '../fleet.js';
import { all, loaderOn, metric } from './epoch.js';

/** Seven steps of eight: of several views in two resolutions, and of one view in three. */
const dino = {
  recipe: 'dinov3_vitl',
  local_count: 3,
  global_masks: { patch: 16 },
  resolutions: [
    { global_size: 64, local_size: 40 },
    { global_size: 96, local_size: 32, weight: 2 },
  ],
};
const one = { recipe: 'dinov3', resolutions: [{ image_size: 48 }, { image_size: 64 }, { image_size: 80, weight: 2 }] };
const runs = JSON.parse(
  JSON.stringify({
    dino: sevenRun({ ...dino, image_size: undefined }),
    one: sevenRun({ ...one, image_size: undefined }),
  }),
);
const names = Object.keys(runs);

const told = ({ header, views, crc32 }: ReceivedBatch) => ({
  step: [header.address!.epoch, header.address!.step, header.resolution],
  shapes: Object.entries(views).map(([name, { shape }]) => `${name} ${shape}`),
  masks: header.views.map(({ masks }) => masks?.bits.toString('hex')),
  crc32,
});

test('several views and sizes are the same bytes from replicas that are killed, from every cache, and after a cursor', async (t) => {
  const config = await indexedSamples(t, runs);
  const folder = ['--cache-folder', join(await temporaryFolder(t), 'cache'), '--cache-disk', '100MB'];
  const serve = (...more: string[]) =>
    startServer(t, 'serve', ['--config', config, '--backend', 'simd', '--metrics-listen', '127.0.0.1:0', ...more]);
  const [plain, memory, decoded, disk] = await Promise.all([
    serve(),
    serve('--cache-memory', '100MB'),
    serve('--cache-decoded', '300MB'),
    serve(...folder),
  ]);
  const undisturbed = new Map<string, readonly ReturnType<typeof told>[]>();
  for (const run of names) {
    const loader = await loaderOn(t, [plain], run);
    const batches = [...(await all(loader.batches(0))), ...(await all(loader.batches(1)))];
    undisturbed.set(run, batches.map(told));
  }
  const shapes = (run: string) => new Set(undisturbed.get(run)!.map((batch) => batch.shapes.join('; ')));
  assert.deepEqual(
    shapes('dino'),
    new Set(['global 16,64,64,3; local 24,40,40,3', 'global 16,96,96,3; local 24,32,32,3']),
  );
  assert.deepEqual(shapes('one'), new Set(['image 8,48,48,3', 'image 8,64,64,3', 'image 8,80,80,3']));

  // Most samples of the second epoch's steps have come in the first's: these are of the caches.
  for (const [replica, cache] of [
    [memory, 'memory'],
    [decoded, 'decoded'],
    [disk, 'disk'],
  ] as const) {
    const loader = await loaderOn(t, [replica], 'dino');
    const batches = [...(await all(loader.batches(0, 2))), ...(await all(loader.batches(1, 4)))];
    assert.deepEqual(
      batches.map(told),
      undisturbed.get('dino')!.filter(({ step }) => step[1]! >= (step[0] === 0 ? 2 : 4)),
      cache,
    );
    const hits = await metric(replica, `tributary_cache_requests_total{cache="${cache}",result="hit"}`);
    assert.ok(hits > 5, `${cache}: ${hits}`);
  }

  // Two of three replicas are killed under way, and the trainer goes on from a cursor.
  const replicas = [memory, disk, decoded];
  for (const [i, run] of names.entries()) {
    const loader = await loaderOn(t, replicas, run, { patience: 60 });
    const seen: ReceivedBatch[] = [];
    for await (const batch of loader.batches(0)) {
      seen.push(batch);
      if (seen.length === 3) await replicas[i]!.stop('SIGKILL');
      if (seen.length === 5) break;
    }
    const { epoch, step } = parseCursor(seen.at(-1)!.header.nextCursor);
    assert.deepEqual([epoch, step], [0, 5]);
    seen.push(...(await all(loader.batches(epoch, step))), ...(await all(loader.batches(1))));
    assert.deepEqual(seen.map(told), undisturbed.get(run), run);
  }

  // Ranks have one resolution a step.
  for (const run of names)
    for (const rank of [0, 1]) {
      const halves = await all((await loaderOn(t, [plain], run, { rank, worldSize: 2 })).batches(0));
      const steps = halves.map((batch) => told(batch).step);
      assert.deepEqual(
        steps,
        undisturbed
          .get(run)!
          .slice(0, 7)
          .map((batch) => batch.step),
      );
    }
});

test('plan, mixture, preview, replay and the check with torchvision know the sizes of a step', async (t) => {
  const config = await indexedSamples(t, runs);
  const said = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await tributary(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const planned = (await said('plan', '--config', config, '--run', 'dino', '--epoch', '0', '--steps', '0..6')).split(
    '\n',
  );
  const steps = planned.slice(0, 7).map((line) => JSON.parse(line) as { resolution: number; global_size: number });
  assert.deepEqual(
    steps.map(({ global_size }) => global_size),
    steps.map(({ resolution }) => [64, 96][resolution]),
  );
  const mixture = (await said('mixture', '--config', config, '--run', 'dino')).trim().split('\n').slice(-2);
  const expected = [0, 1].map((at) => steps.filter(({ resolution }) => resolution === at).length);
  assert.deepEqual(
    mixture.map((line) => JSON.parse(line).steps),
    expected,
  );
  const { address } = await startServer(t, 'serve', ['--config', config, '--backend', 'webasm']);
  const out = await temporaryFolder(t);
  const places = Object.entries(sevenSources().sources).map(([name, path]) => `${name}=${join(dirname(config), path)}`);
  const script = fileURLToPath(new URL('../../../scripts/verify_batch.py', import.meta.url));
  for (const step of [0, 1].map((at) => steps.findIndex(({ resolution }) => resolution === at))) {
    await said('fetch', '--address', address, '--run', 'dino', '--epoch', '0', '--step', `${step}`, '--out', out);
    const header = join(out, `0000-0000000${step}-r0of1.json`);
    assert.match(await said('replay', header, '--address', address), /^the bytes agree/);
    const set = Object.entries(dino).filter(([key]) => key === 'local_count' || key === 'resolutions');
    const flags = set.flatMap(([key, value]) => ['--set', `${key}=${JSON.stringify(value)}`]);
    const { stdout, stderr } = spawnSync(
      '/usr/bin/python3',
      [script, '--recipe', dino.recipe, ...flags, header, ...places],
      { encoding: 'utf8' },
    );
    assert.equal(stdout, "8 of 8 samples are torchvision's\n", stderr);
    await said('preview', '--config', config, '--run', 'dino', '--step', `${step}`, '--out', join(out, 'sheet.png'));
  }
});
