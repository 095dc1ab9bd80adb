import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argumentFields, claimCrop, claimImage, emptyCargo, fieldsOf } from '../../../src/augment/cargo.js';
import { movementOf } from '../../../src/augment/gpu/cargo-movement.js';
import { programWidth } from '../../../src/augment/gpu/step-program.js';

test('what is used of a cargo is moved, and what is not does nothing on a device with room for more', () => {
  const cargo = emptyCargo({ images: 4, size: 4, kind: 'crops' });
  for (const field of Object.values(fieldsOf(cargo))) field.fill(7);
  claimImage(cargo);
  claimImage(cargo);
  claimCrop(cargo, 20);
  const { put, resultLength, take } = movementOf(cargo, argumentFields);
  const moved = (field: (typeof argumentFields)[number], length: number) => {
    const target = new Float32Array(length).fill(-1);
    const count = put(argumentFields.indexOf(field), target);
    return { used: target.filter((value) => value === 7).length, count, target };
  };
  const programs = moved('programs', 8 * programWidth);
  assert.deepEqual([programs.used, programs.count], [2 * programWidth, 8 * programWidth]);
  assert.ok(programs.target.subarray(2 * programWidth).every((value) => value === 0));
  const pixels = moved('pixels', 64);
  assert.deepEqual([pixels.used, pixels.count], [20, 20]);
  const rows = moved('rows', 64);
  assert.deepEqual([rows.used, rows.count], [20, 64]);
  assert.deepEqual([...rows.target.subarray(20, 24)], [4, 0, 4, 0], 'rows of the sample that is none');
  assert.equal(moved('weights', 256).count, 80);
  assert.equal(resultLength, 2 * 16);
  take(new Float32Array(32).fill(5));
  assert.deepEqual([...fieldsOf(cargo).results.subarray(31, 33)], [5, 7]);
});
