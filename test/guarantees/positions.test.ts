import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readTables } from '../../src/decode/jpeg-tables.js';
import { indexedSamples, type ServerProcess, sevenRun, startServer, tributary } from '../fleet.js';
import { filesOf } from './damage.js';
import { all, loaderOn } from './epoch.js';

const runs = {
  one: sevenRun({ sample_t: 0, global_batch: 19 }),
  views: sevenRun({ recipe: 'dinov3_vitl', image_size: undefined, global_size: 64, local_size: 32, local_count: 4 }),
};
const given: Record<string, object> = JSON.parse(JSON.stringify(runs));

async function positioned(t: TestContext): Promise<string> {
  const config = await indexedSamples(t, given);
  const { code, stderr } = await tributary(['index', '--positions', '--config', config]);
  assert.equal(code, 0, stderr);
  return config;
}

const serve = (t: TestContext, config: string, ...more: string[]) =>
  startServer(t, 'serve', ['--config', config, '--backend', 'simd', '--workers', '1', ...more]);

/** Headers and tensors of an epoch of both runs. */
async function streamed(t: TestContext, replica: ServerProcess): Promise<object[]> {
  const batches = [];
  for (const run of Object.keys(runs)) batches.push(...(await all((await loaderOn(t, [replica], run)).batches(0))));
  return batches.map(({ header, crc32 }) => ({ header, crc32 }));
}

test('batches are the same bytes with and without positions, and so is who was corrupt', async (t) => {
  const config = await positioned(t);
  const plain = await indexedSamples(t, given);
  // Changed after they were indexed, with the sizes that they had: a code in a scan, and a second frame.
  for (const each of [config, plain]) {
    const files = await filesOf(each, 'objects365/images/train');
    await changeScan(files[0]!.path, [0x55, 0x55]);
    await changeScan(files[3]!.path, [0xff, 0xc0]);
  }
  const replicas = await Promise.all([serve(t, config), serve(t, config, '--cache-memory', '100MB'), serve(t, plain)]);
  const [withThem, cached, without] = await Promise.all(replicas.map((replica) => streamed(t, replica)));
  assert.ok(without!.length > 5);
  assert.match(JSON.stringify(without), /"corruptReasons":\["data"\]/);
  assert.deepEqual(withThem, without);
  assert.deepEqual(cached, without);
  for (const { log } of replicas) assert.ok(log.every(({ msg }) => msg !== 'positions not used'));
});

test('positions of a source that has other samples since are not used, and a line of the log says so', async (t) => {
  const config = await positioned(t);
  const [first, second] = await filesOf(config, 'flickr/paired/train');
  await writeFile(first!.path, await readFile(second!.path));
  const { code, stdout } = await tributary(['index', '--config', config]);
  assert.equal(code, 0, stdout);
  const replica = await serve(t, config);
  const unused = replica.log.filter(({ msg }) => msg === 'positions not used');
  assert.deepEqual(
    unused.map(({ source, path }) => [source, path]),
    [['flickr', join(dirname(config), '.tributary/flickr.train.positions')]],
  );
  assert.ok((await all((await loaderOn(t, [replica], 'one')).batches(0))).length > 0);
});

/** Overwrites two bytes of a JPEG's codes. */
async function changeScan(path: string, by: readonly number[]): Promise<void> {
  const bytes = await readFile(path);
  const { scan } = readTables(bytes)!;
  bytes.set(by, scan + ((bytes.length - scan) >> 2));
  await writeFile(path, bytes);
}
