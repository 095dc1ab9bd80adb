import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { probe } from '../../src/decode/probe.js';
import { roomBytes } from '../../src/decode/room.js';
import { defaultLimits } from '../../src/run/limits.js';
import { type ServerProcess, startServer, temporaryFolder, tributary } from '../fleet.js';
import { bombs } from './bombs.js';
import { all, loaderOn, type ReceivedSlot, slotsOf } from './epoch.js';

const MiB = 1024 * 1024;
const workers = 2;
/** docs/memory.md: base and a run, worker threads, native decoders, and batches. */
const withoutImages = (115 + 40 + 17 * workers + 110 * workers + 64) * MiB;

/** What the images need that are decoded at a time, at the most, by their headers; those that need more than there is room for wait. */
async function needOf(files: readonly Buffer[]): Promise<number> {
  const needs = await Promise.all(
    files.map((file) =>
      probe(file, defaultLimits).then(
        ({ memory, width, height }) => memory + 6 * width * height,
        () => 0,
      ),
    ),
  );
  const most = needs.sort((a, b) => b - a).slice(0, workers);
  return Math.min(
    roomBytes,
    most.reduce((sum, need) => sum + need, 0),
  );
}

/** An indexed source of twelve photographs and these files. Returns the config. */
async function sourceOf(t: TestContext, others: Readonly<Record<string, Buffer>>): Promise<string> {
  const folder = await temporaryFolder(t);
  const files = join(folder, 'files');
  await mkdir(files);
  for (let number = 0; number < 12; number++) {
    const background = { r: 20 * number, g: 90, b: 60 };
    const image = sharp({ create: { width: 400, height: 300, channels: 3, background } });
    await writeFile(join(files, `photograph-${number}.jpg`), await image.jpeg().toBuffer());
  }
  for (const [name, bytes] of Object.entries(others)) await writeFile(join(files, name), bytes);
  const config = join(folder, 'tributary.yaml');
  const run = { recipe: 'dinov3', sources: ['files'], image_size: 32, global_batch: 6, epochs: 1, max_corrupt: 1 };
  await writeFile(config, stringify({ sources: { files: './files' }, runs: { kept: run }, limits: { seconds: 120 } }));
  const index = await tributary(['index', '--config', config]);
  assert.equal(index.code, 0, index.stderr);
  return config;
}

async function slots(t: TestContext, replica: ServerProcess): Promise<Map<string, ReceivedSlot>> {
  const batches = await all((await loaderOn(t, [replica], 'kept')).batches(0));
  return new Map(slotsOf(batches).map((slot) => [slot.sample.corruptKeys[0] ?? slot.sample.key, slot]));
}

/** The most that a process and its children have had resident, in bytes. */
async function peakOf(pid: number): Promise<number> {
  const own = Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'latin1'))![1]) * 1024;
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'latin1')));
  const children = lists.flatMap((list) => list.split(' ').filter(Boolean));
  const peaks = await Promise.all(children.map((child) => peakOf(Number(child))));
  return own + peaks.reduce((sum, each) => sum + each, 0);
}

test('files that ask for much get it within the memory that is stated, and change no other byte', async (t) => {
  const hostile = await bombs();
  const small = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'teal' } })
    .png()
    .toBuffer();
  const harmless = Object.fromEntries(Object.keys(hostile).map((name) => [name, small]));
  const args = (config: string) => ['--config', config, '--workers', String(workers), '--memory', '64MiB'];
  const [replica, other] = await Promise.all(
    [hostile, harmless].map(async (files) => startServer(t, 'serve', args(await sourceOf(t, files)))),
  );
  const [found, expected] = [await slots(t, replica!), await slots(t, other!)];
  const peak = await peakOf(replica!.process.pid!);
  const bound = withoutImages + (await needOf(Object.values(hostile)));
  t.diagnostic(`${Math.round(peak / MiB)} MiB at the most, of ${Math.round(bound / MiB)}`);
  assert.ok(peak < bound);
  assert.equal(found.size, 18);
  for (const [key, { sample, pixels }] of expected) {
    const slot = found.get(key)!;
    if (key === 'scans.jpg') assert.deepEqual(slot.sample.corruptReasons, ['too-many-scans']);
    else assert.equal(slot.sample.status, 'SAMPLE_STATUS_OK', key);
    if (key in hostile) continue;
    assert.deepEqual(slot.sample, sample);
    assert.ok(slot.pixels.equals(pixels), key);
  }
});
