import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workOf } from '../../src/augment/device.js';

test('a cargo needs what its most demanding samples need', () => {
  assert.deepEqual(workOf([]), { means: 0, blurs: false });
  assert.deepEqual(
    workOf([
      [{ op: 'invert' }, { op: 'contrast', factor: 1 }, { op: 'contrast', factor: 1 }],
      [{ op: 'gaussianBlur', sigma: 1 }],
      [],
    ]),
    { means: 2, blurs: true },
  );
});
