import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { probe } from '../../src/decode/probe.js';
import { defaultLimits } from '../../src/run/limits.js';

/** A TIFF of one strip, PackBits of one run of literals. */
function tiff(tags: Readonly<Record<number, readonly [type: number, ...values: number[]]>>, strip: Buffer): Buffer {
  const packed = Buffer.concat([Buffer.of(strip.length - 1), strip]);
  const all = Object.entries({ ...tags, 259: [3, 32773], 273: [4, 8], 279: [4, packed.length] } as typeof tags);
  const body = Buffer.concat([packed, Buffer.alloc(packed.length % 2)]);
  const directory = Buffer.alloc(2 + 12 * all.length + 4);
  directory.writeUInt16LE(all.length, 0);
  for (const [i, [tag, [type, ...values]]] of all.entries()) {
    directory.writeUInt16LE(Number(tag), 2 + 12 * i);
    directory.writeUInt16LE(type, 4 + 12 * i);
    directory.writeUInt32LE(values.length, 6 + 12 * i);
    for (const [at, value] of values.entries()) directory.writeUIntLE(value, 10 + 12 * i + at * 2, type === 3 ? 2 : 4);
  }
  const head = Buffer.from('II*\0\0\0\0\0', 'latin1');
  head.writeUInt32LE(8 + body.length, 4);
  return Buffer.concat([head, body, directory]);
}

const tags = { 256: [3, 3], 257: [3, 2], 258: [3, 8], 262: [3, 6], 277: [3, 3], 278: [3, 2], 530: [3, 2, 2] } as const;
const box = { top: 0, left: 0, width: 3, height: 2 };

test('pixels share the colours of their block, and those beyond the image are left out', async () => {
  const file = tiff(tags, Buffer.of(10, 20, 30, 40, 128, 128, 50, 0, 60, 0, 128, 128));
  const { data } = await decodeCrop(file, box, defaultLimits);
  assert.deepEqual(
    [...data].filter((_, i) => i % 3 === 0),
    [10, 20, 50, 30, 40, 60],
  );
});

test('a damaged strip is black to libtiff, and one that is not there refuses the file', async () => {
  const file = tiff(tags, Buffer.of(10, 20, 30));
  assert.equal((await decodeCrop(file, box, defaultLimits)).data.length, 18);
  const missing = Buffer.from(file);
  missing.writeUInt32LE(9999, missing.length - 4 - 12 - 12 + 8);
  await assert.rejects(decodeCrop(missing, box, defaultLimits));
  await assert.rejects(decodeCrop(file, box, { ...defaultLimits, seconds: -1 }), { reason: 'DECODE_TIMEOUT' });
  assert.equal((await probe(file, defaultLimits)).width, 3);
});
