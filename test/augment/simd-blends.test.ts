import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openKernels } from '../../src/augment/simd/kernels.js';

const kernels = openKernels();
const plane = 272;
const at = kernels.allocate(3 * plane);

/** Pillow's blend of a level with a degenerate image's, Pillow/Blend.c: float32 throughout. */
function blended(d: number, x: number, factor: number): number {
  const sum = Math.fround(d + Math.fround(factor * (x - d)));
  return Math.min(255, Math.max(0, Math.trunc(sum)));
}

/** Three planes of all 256 levels after a kernel. */
function after(kernel: string, ...rest: number[]): Uint8Array {
  const planes = kernels.bytes().subarray(at, at + 3 * plane);
  for (let i = 0; i < 3 * plane; i++) planes[i] = (i % plane) & 255;
  kernels.run[kernel]!(at, plane, ...rest);
  return planes;
}

/** A float32 so many steps from another. */
function stepsFrom(value: number, steps: number): number {
  const bits = new Int32Array(new Float32Array([value]).buffer);
  bits[0]! += steps;
  return new Float32Array(bits.buffer)[0]!;
}

// Whole differences times these come near whole numbers, where float32's roundings decide; of others hardly one does.
const nearWhole = fc
  .tuple(fc.integer({ min: 1, max: 510 }), fc.integer({ min: 1, max: 255 }), fc.integer({ min: -40, max: 40 }))
  .map(([n, k, steps]) => stepsFrom(Math.fround(n / k), steps));
const nearMargin = fc
  .tuple(
    fc.integer({ min: 1, max: 510 }),
    fc.integer({ min: 1, max: 255 }),
    fc.double({ min: -2, max: 2, noNaN: true }),
  )
  .map(([n, k, parts]) => Math.fround((n + parts * 2 ** -14) / k));
const any = fc.oneof(
  fc.float({ min: 0, max: 2, noNaN: true }),
  fc.double({ min: 0, max: 2.5, noNaN: true }).map(Math.fround),
);
const factors = fc.oneof(nearWhole, nearMargin, any);

test('a blend with any level by any factor is Pillow’s for every level', () => {
  fc.assert(
    fc.property(factors, fc.integer({ min: 0, max: 255 }), (factor, start) => {
      // Every fifth level of the degenerate image, from another one each time.
      for (let d = start % 5; d < 256; d += 5) {
        const planes = after('blendConstant', d, factor);
        for (let x = 0; x < 256; x++)
          for (let channel = 0; channel < 3; channel++)
            if (planes[channel * plane + x] !== blended(d, x, factor))
              assert.fail(`${d} and ${x} by ${factor}: ${planes[channel * plane + x]} for ${blended(d, x, factor)}`);
      }
    }),
    { numRuns: 400 },
  );
});

test('saturation by any factor is Pillow’s', () => {
  const luma = (r: number, g: number, b: number): number => (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
  fc.assert(
    fc.property(factors, fc.integer({ min: 1, max: 255 }), (factor, turn) => {
      const planes = kernels.bytes().subarray(at, at + 3 * plane);
      const colours = Array.from(
        { length: 256 },
        (_, i) => [i, (i * turn) & 255, (i * turn * turn + 7) & 255] as const,
      );
      planes.fill(0);
      for (const [i, colour] of colours.entries())
        for (const [c, level] of colour.entries()) planes[c * plane + i] = level;
      kernels.run.adjustSaturation!(at, plane, factor);
      for (const [i, colour] of colours.entries())
        for (const [c, level] of colour.entries())
          assert.equal(planes[c * plane + i], blended(luma(...colour), level, factor), `${colour} by ${factor}`);
    }),
    { numRuns: 1_000 },
  );
});
