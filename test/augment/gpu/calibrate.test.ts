import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cargo, cropPixelsIn, imagesIn } from '../../../src/augment/cargo.js';
import type { CargoWork } from '../../../src/augment/device.js';
import { calibrate } from '../../../src/augment/gpu/calibrate.js';

test('every shape that cargos of a size may have is compiled on every lane, with all stages, before it is measured', async () => {
  for (const resizes of [true, false]) {
    const ran: string[] = [];
    const works: CargoWork[] = [];
    const run = async (cargo: Cargo, work: CargoWork) => {
      const half = cropPixelsIn(cargo) <= 2 * cargo.images * cargo.size ** 2;
      ran.push(`${cargo.kind} ${imagesIn(cargo)}${cargo.kind === 'images' ? '' : half ? ' half' : ' whole'}`);
      works.push(work);
    };
    const seconds = await calibrate({ run, lanes: 2 }, 518, resizes);
    assert.deepEqual([...new Set(ran)], resizes ? ['images 4', 'crops 4 whole', 'crops 4 half'] : ['images 4']);
    assert.ok(ran.filter((each) => each === 'images 4').length >= 4);
    assert.ok(works.every(({ means, blurs }) => means === 2 && blurs));
    assert.ok(seconds.images > 0 && seconds.crops > 0 === resizes);
  }
});
