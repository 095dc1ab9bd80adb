import assert from 'node:assert/strict';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  isOf,
  keptPositions,
  openPositions,
  positionsPath,
  writePositions,
} from '../../../src/sources/manifest/positions-file.js';
import { temporaryFolder } from '../tree.js';

const fingerprint = 'ab'.repeat(32);
const samples = ['first', '', 'third', 'x'.repeat(100_000), ''].map((text) => Buffer.from(text));
const manifest = { count: samples.length, fingerprint };

async function* batches(): AsyncGenerator<Buffer[]> {
  yield samples.slice(0, 2);
  yield samples.slice(2);
}

const text = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString();

test('what is kept of each sample is read by its number, and nothing for a number that there is not', async (context) => {
  const path = join(await temporaryFolder(context), 'new/s.positions');
  await writePositions(path, manifest, batches());
  const file = openPositions(path);
  assert.ok(isOf(file, manifest));
  assert.ok(!isOf(file, { count: 4, fingerprint }) && !isOf(file, { count: 5, fingerprint: '0'.repeat(64) }));
  const expected = samples.map((bytes) => (bytes.length === 0 ? null : String(bytes)));
  for (const order of [0, 1, 2, 3, 4, 0, 3, 2]) assert.equal(text(file!.read(order)), expected[order]);
  for (const none of [-1, 5, 2 ** 40, Number.NaN]) assert.equal(file!.read(none), null);
  for (const index of [3, 0]) assert.equal(text(keptPositions({ path, index })), expected[index]);
});

test('nobody sees half a file: one that cannot be finished leaves what was there', async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(folder, 's.positions');
  await writePositions(path, manifest, batches());
  const before = await readFile(path);
  async function* fails(): AsyncGenerator<Buffer[]> {
    yield samples;
    throw new Error('the storage is away');
  }
  await assert.rejects(writePositions(path, manifest, fails()), /the storage is away/);
  await assert.rejects(writePositions(path, { count: 6, fingerprint }, batches()), /other than 6 samples/);
  assert.deepEqual(await readdir(folder), ['s.positions']);
  assert.ok(before.equals(await readFile(path)));
});

test('a file that is cut or whose head has changed is none, and one that has changed elsewhere gives bytes or none', async (context) => {
  const path = join(await temporaryFolder(context), 's.positions');
  await writePositions(path, manifest, batches());
  const sound = await readFile(path);
  const headBytes = 72;
  for (let bit = 0; bit < headBytes * 8; bit++) {
    const flipped = Buffer.from(sound);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    await writeFile(path, flipped);
    assert.equal(openPositions(path), null, `bit ${bit}`);
  }
  for (let bit = headBytes * 8; bit < (headBytes + 48) * 8; bit++) {
    const flipped = Buffer.from(sound);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    await writeFile(path, flipped);
    const file = openPositions(path)!;
    for (let index = 0; index < 5; index++) {
      const bytes = file.read(index);
      assert.ok(bytes === null || bytes.length <= sound.length);
    }
  }
  await writeFile(path, sound);
  const opened = openPositions(path)!;
  for (const length of [sound.length - 1, 100, 71, 0]) {
    await truncate(path, length);
    assert.equal(openPositions(path), null, `${length} bytes`);
    assert.equal(opened.read(4), null);
    assert.equal(length < 100 ? opened.read(0) : null, null);
  }
});

test('a thread goes without where there is no file, and in a store none is kept', async (context) => {
  const folder = await temporaryFolder(context);
  assert.equal(keptPositions({ path: join(folder, 'none'), index: 0 }), null);
  assert.equal(keptPositions({ path: folder, index: 0 }), null);
  assert.equal(positionsPath('https://127.0.0.1/index', 's', 'train'), null);
  assert.equal(positionsPath(folder, 'a/b', 'val'), join(folder, 'a%2Fb.val.positions'));
});
