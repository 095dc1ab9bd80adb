import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Interpolation } from '../../src/sample/draw.js';
import { drawEvaluation } from '../../src/sample/draw-evaluation.js';

describe('drawEvaluation', () => {
  it('truncates the longer edge and rounds the corner half to even', () => {
    // Width of the image that is resized to a height of 100, and the column at which the window begins.
    const cases = [
      [101, 0],
      [103, 2],
      [105, 2],
      [107, 4],
    ] as const;
    for (const [width, left] of cases) {
      const { geometry } = drawEvaluation({ width, height: 100 }, 100, 100, 'BICUBIC');
      assert.deepEqual(geometry.window, { top: 0, left, height: 100, width: 100 });
    }
    const { geometry } = drawEvaluation({ width: 375, height: 500 }, 224, 224, 'BILINEAR');
    assert.deepEqual(geometry, {
      crop: { top: 0, left: 0, height: 500, width: 375 },
      width: 224,
      height: 298,
      window: { top: 37, left: 0, height: 224, width: 224 },
      interpolation: 'BILINEAR',
      hflip: false,
      vflip: false,
    });
  });

  it('keeps the window inside the resized image', () => {
    const side = fc.integer({ min: 1, max: 50_000 });
    const sizes = fc.tuple(fc.integer({ min: 1, max: 1024 }), fc.nat(40));
    fc.assert(
      fc.property(side, side, sizes, (width, height, [size, more]) => {
        const { geometry } = drawEvaluation({ width, height }, size + more, size, 'BICUBIC');
        const { window } = geometry;
        assert.equal(Math.min(geometry.width, geometry.height), size + more);
        assert.ok(window.top >= 0 && window.top + size <= geometry.height);
        assert.ok(window.left >= 0 && window.left + size <= geometry.width);
      }),
    );
  });

  it('resizes to one side and crops another, as DINOv3’s evaluation does', () => {
    const { geometry } = drawEvaluation({ width: 640, height: 427 }, 256, 224, 'BICUBIC');
    const { width, height, window } = geometry;
    // 383 - 224 is odd: its half, 79.5, is rounded to the even 80.
    assert.deepEqual([width, height, window], [383, 256, { top: 16, left: 80, height: 224, width: 224 }]);
  });

  it('calls a strip corrupt that Pillow refuses to resize, and no shorter one', () => {
    const draw = (width: number, height: number, interpolation: Interpolation) =>
      drawEvaluation({ width, height }, 256, 224, interpolation).geometry;
    // Pillow 9.4: 53,687,091 = floor((2^31 - 1) / 40) rows with bicubic weights, MemoryError for one more.
    for (const [longest, interpolation] of [
      [209_715, 'BICUBIC'],
      [349_525, 'BILINEAR'],
      [2_097_151, 'NEAREST'],
    ] as const) {
      assert.equal(draw(1, longest, interpolation).height, 256 * longest);
      assert.equal(draw(longest, 1, interpolation).width, 256 * longest);
      for (const [width, height] of [
        [1, longest + 1],
        [longest + 1, 1],
        [1, 9_999_999],
      ] as const)
        assert.throws(() => draw(width, height, interpolation), {
          reason: 'SAMPLE_CORRUPT',
          metadata: { cause: 'too-long' },
        });
    }
  });
});
