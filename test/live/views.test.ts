import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Loader } from '../../src/client/loader.js';
import { indexedSamples, sevenRun, sevenSources, startServer, temporaryFolder, tributary } from '../fleet.js';

const script = fileURLToPath(new URL('../../../scripts/verify_batch.py', import.meta.url));
const sizes = { global_size: 64, local_size: 40, local_count: 3 };
const run = (recipe: string, more: object = {}) => ({
  ...sevenRun({ recipe, ...sizes, ...more }),
  image_size: undefined,
});

function verify(config: string, recipe: string, settings: object, file: string): string {
  const places = Object.entries(sevenSources().sources).map(([name, path]) => `${name}=${join(dirname(config), path)}`);
  const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${JSON.stringify(value)}`]);
  return spawnSync('/usr/bin/python3', [script, '--recipe', recipe, ...set, file, ...places], { encoding: 'utf8' })
    .stdout;
}

test('batches of several views are stock torchvision’s, the same from every backend, again and in either order', async (t) => {
  const gram = { gram_size: 72 };
  const runs = { dino: run('dinov3_vitl'), gram: run('dinov3_gram', gram), shared: run('dinov3_shared') };
  const config = await indexedSamples(t, JSON.parse(JSON.stringify(runs)));
  const serve = async (backend: string) =>
    (await startServer(t, 'serve', ['--config', config, '--backend', backend])).address;
  const [simd, device] = [await serve('simd'), await serve('webasm')];
  const out = await temporaryFolder(t);
  const fetch = async (address: string, name: string, ...more: string[]): Promise<string> => {
    const folder = join(out, `${name}${address}${more.join('')}`.replaceAll(/\W/g, ''));
    const place = ['--run', name, '--epoch', '0', '--step', '1', '--out', folder, ...more];
    const { code, stderr } = await tributary(['fetch', '--address', address, ...place]);
    assert.equal(code, 0, stderr);
    return folder;
  };
  for (const [name, recipe, settings, groups] of [
    ['dino', 'dinov3_vitl', {}, ['global', 'local']],
    ['gram', 'dinov3_gram', gram, ['global', 'gram', 'local']],
    ['shared', 'dinov3_shared', {}, ['global', 'local']],
  ] as const) {
    const folder = await fetch(simd, name);
    const files = await readdir(folder);
    const stem = '0000-00000001-r0of1';
    assert.deepEqual(files.toSorted(), [...groups.map((group) => `${stem}.${group}.npy`), `${stem}.json`].toSorted());
    const header = join(folder, `${stem}.json`);
    assert.equal(verify(config, recipe, { ...sizes, ...settings }, header), "8 of 8 samples are torchvision's\n");
    const other = await fetch(device, name);
    for (const file of files)
      assert.deepEqual(await readFile(join(other, file)), await readFile(join(folder, file)), file);
    const { code, stdout } = await tributary(['replay', header, '--address', device]);
    assert.deepEqual([code, stdout.slice(0, 15)], [0, 'the bytes agree']);
  }
  const floats = await fetch(
    device,
    'dino',
    '--data-type',
    'float16',
    '--layout',
    'nchw',
    '--view-order',
    'sample-major',
  );
  const header = join(floats, '0000-00000001-r0of1.json');
  assert.equal(verify(config, 'dinov3_vitl', sizes, header), "8 of 8 samples are torchvision's\n");
  const local = join(floats, '0000-00000001-r0of1.local.npy');
  const bytes = await readFile(local);
  bytes[bytes.length - 1]! ^= 3;
  await writeFile(local, bytes);
  assert.match(verify(config, 'dinov3_vitl', sizes, header), /slot 7 .*local3 .*\n7 of 8/s);
});

test('a client has a tensor of each group by its name, at a multiple of 64 bytes, and ranks share a step', async (t) => {
  const config = await indexedSamples(t, JSON.parse(JSON.stringify({ dino: run('dinov2') })));
  const { address } = await startServer(t, 'serve', ['--config', config, '--backend', 'simd']);
  const one = async (rank: number, worldSize: number) => {
    const loader = await Loader.connect({ address, run: { name: 'dino' }, rank, worldSize });
    t.after(() => loader.close());
    for await (const batch of loader.batches(0, 2, 1)) return batch;
    throw new assert.AssertionError({ message: 'no batch came' });
  };
  const whole = await one(0, 1);
  const { global, local } = whole.views;
  assert.deepEqual(
    [global!.shape, local!.shape],
    [
      [16, 64, 64, 3],
      [24, 40, 40, 3],
    ],
  );
  assert.deepEqual(
    whole.header.views.map(({ offset }) => offset % 64),
    [0, 0],
  );
  const halves = [await one(0, 2), await one(1, 2)];
  const bytes = 40 * 40 * 3;
  for (let view = 0; view < 3; view++)
    for (let slot = 0; slot < 8; slot++) {
      const half = halves[Math.floor(slot / 4)]!.views.local!.data;
      const at = view * 4 + (slot % 4);
      const expected = local!.data.subarray((view * 8 + slot) * bytes, (view * 8 + slot + 1) * bytes);
      assert.ok(half.subarray(at * bytes, (at + 1) * bytes).equals(expected), `view ${view}, slot ${slot}`);
    }
});
