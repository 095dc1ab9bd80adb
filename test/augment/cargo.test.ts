import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  alignedBytes,
  argumentFields,
  type CargoShape,
  cargoBytes,
  carriesCrops,
  claimCrop,
  claimImage,
  cropFactor,
  cropPixelsIn,
  emptyCargo,
  fieldLengths,
  fieldsOf,
  imagesIn,
  imagesOfCargo,
} from '../../src/augment/cargo.js';

test('fields lie one behind another, share no byte, and fill the cargo', () => {
  for (const kind of ['images', 'crops'] as const)
    for (const [images, size] of [
      [1, 1],
      [4, 7],
      [32, 32],
    ] as const) {
      const shape: CargoShape = { images, size, kind };
      const cargo = emptyCargo(shape);
      const fields = fieldsOf(cargo);
      let at = 64;
      for (const name of [...argumentFields, 'results'] as const) {
        assert.equal(fields[name].byteOffset, at, name);
        at += alignedBytes(fields[name].length);
      }
      assert.equal(at, cargoBytes(shape));
      assert.equal(fields.rows.length, kind === 'crops' ? 4 * cropFactor * images * size : 0);
      const half = fieldLengths(shape, cropFactor / 2);
      if (kind === 'crops') assert.equal(2 * half.weights, fields.weights.length);
    }
});

test('places are claimed whole, never twice, and never beyond the cargo; memory that was used begins empty', () => {
  const cargo = emptyCargo({ images: 4, size: 8, kind: 'crops' });
  assert.deepEqual(
    Array.from({ length: 6 }, () => claimImage(cargo)),
    [0, 1, 2, 3, null, null],
  );
  const room = 4 * cropFactor * 64;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }), (claims) => {
      const memory = emptyCargo(cargo, cargo.shared);
      assert.deepEqual([imagesIn(memory), cropPixelsIn(memory)], [0, 0]);
      let end = 0;
      for (const claim of claims.map((rows) => 8 * rows)) {
        const at = claimCrop(memory, claim);
        assert.equal(at, end + claim <= room ? end : null);
        if (at !== null) end += claim;
      }
      assert.equal(cropPixelsIn(memory), end);
    }),
  );
});

test('cargos hold powers of two that cover a batch, and fewer as images grow', () => {
  assert.deepEqual(
    [1, 2, 3, 64, 100].map((left) => imagesOfCargo(left, 224)),
    [1, 2, 4, 32, 32],
  );
  assert.equal(imagesOfCargo(9, 4096), 1);
  assert.deepEqual([carriesCrops(2048), carriesCrops(2049)], [true, false]);
});
