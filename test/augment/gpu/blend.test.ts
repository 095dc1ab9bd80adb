import assert from 'node:assert/strict';
import { test } from 'node:test';
import { productTable, writeProducts } from '../../../src/augment/gpu/blend.js';

test('a table has the float32 product of every difference of levels', () => {
  for (const factor of [0, 0.1, 1, 1.3999, 3.7]) {
    const table = new Float32Array(productTable);
    writeProducts(factor, table);
    for (let t = -255; t <= 255; t++) assert.equal(table[255 + t]! + 0, Math.fround(Math.fround(factor) * t) + 0);
  }
});
