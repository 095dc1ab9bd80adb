import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orientationOf, orientedBox, seenSize } from '../../src/decode/orientation.js';

// Three columns and two rows, as they are stored and as each orientation has them seen.
const stored = [1, 2, 3, 4, 5, 6];
const seen: Record<number, readonly number[]> = {
  1: [1, 2, 3, 4, 5, 6],
  2: [3, 2, 1, 6, 5, 4],
  3: [6, 5, 4, 3, 2, 1],
  4: [4, 5, 6, 1, 2, 3],
  5: [1, 4, 2, 5, 3, 6],
  6: [4, 1, 5, 2, 6, 3],
  7: [6, 3, 5, 2, 4, 1],
  8: [3, 6, 2, 5, 1, 4],
  9: [1, 2, 3, 4, 5, 6],
};

test('an image is seen as its orientation says, whole and in boxes', () => {
  const size = { width: 3, height: 2 };
  const pixels = Uint8Array.from(stored.flatMap((level) => [level, level, level]));
  for (const [orientation, levels] of Object.entries(seen)) {
    const turn = orientationOf(Number(orientation));
    const { width, height } = seenSize(size, turn);
    assert.deepEqual([width, height], Number(orientation) >= 5 && orientation !== '9' ? [2, 3] : [3, 2]);
    const whole = orientedBox(pixels, size, turn, { top: 0, left: 0, width, height });
    assert.deepEqual(
      [...whole].filter((_, i) => i % 3 === 0),
      levels,
      orientation,
    );
    const corner = orientedBox(pixels, size, turn, { top: 1, left: 1, width: width - 1, height: 1 });
    assert.deepEqual(
      [...corner].filter((_, i) => i % 3 === 0),
      levels.slice(width + 1, 2 * width),
      orientation,
    );
  }
});
