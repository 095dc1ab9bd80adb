import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullPalette } from '../../src/decode/indexed.js';
import { kindOf, type TiffKind, unpackRow } from '../../src/decode/tiff-pixels.js';

const tags = { photometric: 1, format: [1], fillOrder: 1, bits: [8], extra: [], isLittle: true };

test('kinds are those that Pillow has, in the orders that it has them in', () => {
  assert.deepEqual(kindOf(tags), { colour: 'grey', samples: 1, bits: 8, isInverted: false });
  assert.equal(kindOf({ ...tags, bits: [12] })?.bits, 12);
  assert.equal(kindOf({ ...tags, bits: [12], isLittle: false }), null);
  assert.equal(kindOf({ ...tags, bits: [32], format: [3] })?.format, 'float');
  assert.equal(kindOf({ ...tags, bits: [32] })?.format, 'signed');
  assert.equal(kindOf({ ...tags, photometric: 2, bits: [8, 8, 8, 8], extra: [1] })?.colour, 'premultiplied');
  assert.equal(
    kindOf({ ...tags, photometric: 2, bits: [8, 8, 8, 8], extra: [2], format: [1, 1, 1, 1] })?.colour,
    'rgb',
  );
  assert.equal(kindOf({ ...tags, photometric: 2, bits: [8, 8, 16] }), null);
  assert.equal(kindOf({ ...tags, photometric: 6, bits: [8, 8, 8] })?.isYcc, true);
  assert.equal(kindOf({ ...tags, photometric: 8, bits: [8, 8, 8] }), null);
});

test('samples of every depth become levels, clipped rather than scaled from 12 bits on', () => {
  const grey = fullPalette(null);
  const levels = (bytes: Buffer, kind: Omit<TiffKind, 'colour' | 'samples'>, count: number, isLittle = true) => {
    const rgb = Buffer.alloc(count * 3);
    unpackRow(bytes, 0, rgb, { colour: 'grey', samples: 1, ...kind }, isLittle, grey);
    return [...rgb].filter((_, i) => i % 3 === 0);
  };
  assert.deepEqual(levels(Buffer.of(0b01_10_11_00), { bits: 2 }, 4), [85, 170, 255, 0]);
  assert.deepEqual(levels(Buffer.of(0x0f), { bits: 4, isInverted: true }, 2), [255, 0]);
  assert.deepEqual(levels(Buffer.of(0x0f, 0xf2, 0x00), { bits: 12 }, 2), [255, 255]);
  assert.deepEqual(levels(Buffer.of(1, 0, 0, 1), { bits: 16 }, 2, false), [255, 1]);
  assert.deepEqual(levels(Buffer.of(0xff, 0xff, 3, 0), { bits: 16, format: 'signed' }, 2), [0, 3]);
  const floats = Buffer.alloc(16);
  for (const [i, value] of [-1, 7.9, 1e9, Number.NaN].entries()) floats.writeFloatLE(value, 4 * i);
  assert.deepEqual(levels(floats, { bits: 32, format: 'float' }, 4), [0, 7, 255, 0]);
});

test('colours are the high bytes of their samples, and premultiplied ones are divided', () => {
  const rgb = Buffer.alloc(6);
  unpackRow(
    Buffer.of(9, 9, 9, 50, 100, 200, 128, 7, 8, 9, 0),
    0,
    rgb.subarray(0, 3),
    { colour: 'rgb', samples: 3, bits: 8 },
    true,
    rgb,
  );
  assert.deepEqual([...rgb.subarray(0, 3)], [9, 9, 9]);
  const kind = { colour: 'premultiplied', samples: 4, bits: 8 } as const;
  unpackRow(Buffer.of(50, 100, 200, 128, 7, 8, 9, 0), 0, rgb, kind, true, rgb);
  assert.deepEqual([...rgb], [99, 199, 255, 0, 0, 0]);
  unpackRow(Buffer.of(1, 2, 3, 4, 5, 6), 0, rgb.subarray(0, 3), { colour: 'rgb', samples: 3, bits: 16 }, false, rgb);
  assert.deepEqual([...rgb.subarray(0, 3)], [1, 3, 5]);
});
