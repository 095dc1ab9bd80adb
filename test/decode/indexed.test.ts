import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullPalette, indexedHeader } from '../../src/decode/indexed.js';
import { defaultLimits } from '../../src/run/limits.js';

test('indices become colours, grey beyond the palette, inside the box', async () => {
  const indices = Buffer.from([0, 1, 2, 3, 0, 9]);
  const { decode } = indexedHeader({ width: 3, height: 2 }, () => ({ indices, palette: Buffer.from([7, 8, 9]) }));
  const crop = (await decode!(Buffer.alloc(0), { top: 1, left: 1, width: 2, height: 1 }, defaultLimits))!;
  assert.deepEqual([...crop.data], [7, 8, 9, 9, 9, 9]);
  assert.deepEqual([...fullPalette(null).subarray(0, 6)], [0, 0, 0, 1, 1, 1]);
});
