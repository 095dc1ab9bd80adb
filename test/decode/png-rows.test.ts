import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PngHeader } from '../../src/decode/png-chunks.js';
import { areFilters, paletteOf, passesOf, unfilter, writePixels } from '../../src/decode/png-rows.js';

const header = (
  width: number,
  height: number,
  depth: number,
  colour: number,
  samples: number,
  isInterlaced = false,
): PngHeader => ({
  ...{ width, height, kind: { depth, colour, bits: depth * samples }, isInterlaced, palette: null, data: 0, length: 0 },
  ...{ extent: { left: 0, top: 0, width, height }, sequence: null, isAnimated: false },
});

test('an interlaced image has the passes that hold pixels', () => {
  const passes = passesOf(header(3, 2, 8, 2, 3, true));
  assert.deepEqual(
    passes.map(({ width, height, stride }) => [width, height, stride]),
    [
      [1, 1, 4],
      [1, 1, 4],
      [1, 1, 4],
      [3, 1, 10],
    ],
  );
});

/** As the specification has it. */
function plain(data: Buffer, stride: number, pixel: number): Buffer {
  const out = Buffer.from(data);
  const at = (y: number, i: number) => (y < 0 || i < 1 ? 0 : out[y * stride + i]!);
  for (let y = 0; y * stride < out.length; y++)
    for (let i = 1; i < stride; i++) {
      const [a, b, c] = [at(y, i - pixel), at(y - 1, i), at(y - 1, i - pixel)];
      const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
      const paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
      out[y * stride + i]! += [0, a, b, (a + b) >> 1, paeth][out[y * stride]!]!;
    }
  return out;
}

test('every filter is undone for every width of a pixel, in bands as in one', () => {
  for (const [depth, colour, samples] of [
    [8, 0, 1],
    [16, 0, 1],
    [8, 2, 3],
    [8, 6, 4],
    [16, 2, 3],
    [16, 6, 4],
    [1, 0, 1],
  ] as const)
    for (const [width, height] of [
      [37, 11],
      [20_001, 40],
    ] as const) {
      const of = header(width, height, depth, colour, samples);
      const pass = passesOf(of)[0]!;
      const data = Buffer.from(Array.from({ length: pass.stride * height }, (_, i) => Math.imul(i, 2654435761) >>> 23));
      for (let y = 0; y < height; y++) data[y * pass.stride] = y % 5;
      const found: Buffer[] = [];
      unfilter(data, pass, of.kind.bits, height, (band) => found.push(Buffer.from(band)));
      const expected = plain(data, pass.stride, Math.ceil(of.kind.bits / 8));
      assert.ok(Buffer.concat(found).equals(expected), `${depth} bits, ${samples} samples, ${width} wide`);
      assert.equal(areFilters(data, pass), true);
      data[(height - 1) * pass.stride] = 5;
      assert.equal(areFilters(data, pass), false);
    }
});

test('pixels of a box: 16-bit grey is clipped, other 16 bits lose the lower half, alpha is left out', () => {
  const box = { top: 0, left: 1, width: 2, height: 1 };
  const write = (of: PngHeader, row: readonly number[]) => {
    const out = Buffer.alloc(6);
    writePixels({ data: Buffer.from([0, ...row]), first: 0, count: 1 }, passesOf(of)[0]!, of, paletteOf(of), box, out);
    return [...out];
  };
  assert.deepEqual(write(header(3, 1, 16, 0, 1), [9, 9, 0, 200, 1, 3]), [200, 200, 200, 255, 255, 255]);
  assert.deepEqual(write(header(3, 1, 16, 4, 2), [9, 9, 9, 9, 7, 200, 0, 0, 8, 3, 0, 0]), [7, 7, 7, 8, 8, 8]);
  assert.deepEqual(write(header(3, 1, 8, 6, 4), [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]), [1, 2, 3, 5, 6, 7]);
  assert.deepEqual(write(header(3, 1, 2, 0, 1), [0b00_01_11_00]), [85, 85, 85, 255, 255, 255]);
  const palette = { ...header(3, 1, 4, 3, 1), palette: Buffer.from([7, 8, 9]) };
  assert.deepEqual(write(palette, [0x10, 0x50]), [7, 8, 9, 5, 5, 5]);
});
