import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ppm } from '../../src/decode/ppm.js';
import { defaultLimits } from '../../src/run/limits.js';

const look = () => {};
const file = (head: string, ...pixels: number[]) => Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(pixels)]);

async function decode(bytes: Buffer): Promise<number[]> {
  const header = ppm.read(bytes, look)!;
  const { width, height } = header;
  return [...(await header.decode!(bytes, { top: 0, left: 0, width, height }, defaultLimits))!.data];
}

test('bits, levels of any largest one, and levels of two bytes', async () => {
  assert.deepEqual(await decode(file('P4 9 1\n', 0b01111111, 0b10000000)), [...[255, 255, 255], ...Array(24).fill(0)]);
  assert.deepEqual(await decode(file('P5 3 1 255\n', 0, 7, 255)), [0, 0, 0, 7, 7, 7, 255, 255, 255]);
  // 1.5 and 2.5 of 510: halves go to the even neighbour.
  assert.deepEqual(await decode(file('P6 1 1 510\n', 0, 3, 0, 5, 1, 254)), [2, 2, 255]);
  assert.deepEqual(await decode(file('P5 2 1 65535\n', 0, 200, 1, 0)), [200, 200, 200, 255, 255, 255]);
});

test('a box is cut out of the rows, and any box of a file that ends too early is refused', async () => {
  const bytes = file('P5 2 2 255\n', 1, 2, 3, 4);
  const box = { top: 1, left: 1, width: 1, height: 1 };
  assert.deepEqual([...(await ppm.read(bytes, look)!.decode!(bytes, box, defaultLimits))!.data], [4, 4, 4]);
  const cut = bytes.subarray(0, -1);
  assert.throws(() => ppm.read(cut, look)!.decode!(cut, { ...box, top: 0 }, defaultLimits), {
    reason: 'SAMPLE_CORRUPT',
  });
});

test('a header has comments anywhere but behind its kind, and what Pillow refuses has none', () => {
  const { width, height } = ppm.read(file('P5 #a\n1#b\r2 +3 1_0 '), look)!;
  assert.deepEqual([width, height], [12, 3]);
  for (const head of [
    'P5#a\n1 1 1 ',
    'P5 0 1 1 ',
    'P5 1 1 0 ',
    'P5 1 1 65536 ',
    'P5 1 1',
    'P5 1 x 1 ',
    'P5 00000000001 1 1 ',
  ])
    assert.equal(ppm.read(file(head), look), null, head);
  assert.ok(ppm.matches(file('P6')));
  assert.ok(!ppm.matches(file('P7')));
});
