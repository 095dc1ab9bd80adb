import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
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
      const { geometry } = drawEvaluation({ width, height: 100 }, 100, 'BICUBIC');
      assert.deepEqual(geometry.window, { top: 0, left, height: 100, width: 100 });
    }
    const { geometry } = drawEvaluation({ width: 375, height: 500 }, 224, 'BILINEAR');
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
    const side = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 1024 }), (width, height, size) => {
        const { geometry } = drawEvaluation({ width, height }, size, 'BICUBIC');
        const { window } = geometry;
        assert.equal(Math.min(geometry.width, geometry.height), size);
        assert.ok(window.top >= 0 && window.top + size <= geometry.height);
        assert.ok(window.left >= 0 && window.left + size <= geometry.width);
      }),
    );
  });
});
