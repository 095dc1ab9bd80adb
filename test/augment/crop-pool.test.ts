import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCropPool, cropPoolBytes } from '../../src/augment/crop-pool.js';
import { cursorOf, fitsDevice } from '../../src/augment/device-crops.js';

test('device crops come back empty, and is bounded', () => {
  const pool = createCropPool();
  const [one] = pool.take(3, 50);
  assert.equal(one!.images, 4);
  Atomics.store(cursorOf(one!), 0, 77);
  pool.give([one!]);
  const [again] = pool.take(4, 50);
  assert.equal(again!.shared, one!.shared);
  assert.equal(Atomics.load(cursorOf(again!), 0), 0);
  assert.equal(pool.take(70, 224).length, 3);
  assert.ok(!fitsDevice(2049) && pool.take(1, 2049).length === 0);
  let bytes = 0;
  const small = createCropPool(cropPoolBytes / 32);
  const taken = [];
  for (let lent = small.take(8, 96); lent.length > 0; lent = small.take(8, 96)) {
    taken.push(...lent);
    bytes += lent[0]!.shared.byteLength;
  }
  assert.ok(taken.length > 1 && bytes <= cropPoolBytes / 32);
  // what is spare of another shape makes room
  small.give(taken);
  assert.equal(small.take(2, 90).length, 1);
});
