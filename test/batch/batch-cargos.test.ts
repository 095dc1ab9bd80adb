import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Allotment } from '../../src/augment/allotment.js';
import { type Cargo, claimImage, imagesIn } from '../../src/augment/cargo.js';
import type { Device } from '../../src/augment/device.js';
import { BatchCargos, type CargoTools } from '../../src/batch/batch-cargos.js';
import { FairQueue } from '../../src/batch/fair-queue.js';
import { groupTensors } from '../../src/batch/group-tensors.js';
import type { Offer, Outcome } from '../../src/batch/sample-task.js';
import { recipes } from '../../src/run/recipes.js';
import { draw } from '../augment/cases.js';
import { noCost, plantedDevice } from '../augment/planted-device.js';

const size = 518;

async function forced(t: TestContext, more: Partial<Device>): Promise<Allotment> {
  const open = async () => plantedDevice({ resizes: false, ...more });
  const allotment = new Allotment({ isForced: true, patience: 5, open }, () => 0);
  t.after(() => allotment.close());
  await allotment.opening;
  return allotment;
}

/** The cargos of a batch of so many samples, and the threads that finish them as planted. */
function cargosOf(allotment: Allotment | null, samples: number, finish: CargoTools['pool']['finish']): BatchCargos {
  const queue = new FairQueue(1);
  const room = { form: { type: 'UINT8', axes: 'NHWC' }, tensor: new SharedArrayBuffer(1) } as const;
  const turn = { flow: queue.flow(), signal: new AbortController().signal };
  const [tensor] = groupTensors([{ name: 'image', size, of: null, knobs: [recipes[0]!.knobs] }], samples, room.form);
  const batch = { run: 'run', tensor: { ...tensor!, slotStride: 1 }, firstView: 0, samples, room };
  return new BatchCargos({ allotment, pool: { finish }, queue }, batch, turn);
}

/** A task: what worker threads make of its slots with what it is offered. */
async function task(
  cargos: BatchCargos,
  slots: readonly number[],
  make: (offer: Offer | null) => Promise<Outcome[]>,
): Promise<Outcome[]> {
  const given = cargos.offer(slots.length);
  let outcomes: Outcome[] = [];
  try {
    outcomes = await make(given.offer);
  } finally {
    cargos.took(given, slots, outcomes);
  }
  return outcomes;
}

/** What a worker thread does with an offer: every sample takes the first place that there is. */
function stowed({ cargos }: Offer, count: number): Outcome[] {
  return Array.from({ length: count }, () => {
    const sample = { status: 'ok', draw: { shared: [], views: [draw({})] } } as const;
    const view = { extent: 'whole', spent: 1 } as const;
    for (const [cargo, each] of cargos.entries()) {
      const z = claimImage(each);
      if (z !== null)
        return { ...sample, views: [{ ...view, left: { kind: 'cargo', cargo, place: { z, from: 0, crop: null } } }] };
    }
    return { ...sample, views: [{ ...view, left: { kind: 'tensor', crc32: 0 } }] };
  });
}

test('cargos go to the device as they fill, the last when nothing more comes, and each is finished, done or not', async (t) => {
  const ran: number[] = [];
  const kill = async () => {};
  const run = async (cargo: Cargo) => {
    ran.push(imagesIn(cargo));
    if (ran.length === 3) throw new Error('lost');
    return noCost;
  };
  const allotment = await forced(t, { run, kill });
  const ends: [number, boolean][] = [];
  const cargos = cargosOf(allotment, 11, async ({ isDone, views }) => {
    ends.push([views.length, isDone]);
    return views.map(({ at }) => ({ crc32: 100 + at, spent: 1, seconds: {} }));
  });
  const offers: number[] = [];
  for (const slots of [
    [0, 1, 2],
    [3, 4, 5],
    [6, 7, 8],
    [9, 10],
  ])
    await task(cargos, slots, async (offer) => {
      offers.push(offer!.cargos.length);
      return stowed(offer!, slots.length);
    });
  const crcs = await cargos.finished();
  assert.deepEqual(ran, [4, 4, 3]);
  assert.deepEqual(offers, [1, 2, 2, 1], 'a task that does not fit in one is offered two');
  assert.deepEqual(
    ends.toSorted(([a], [b]) => b - a),
    [
      [4, true],
      [4, true],
      [3, false],
    ],
  );
  assert.deepEqual(
    [...crcs].toSorted(([a], [b]) => a - b),
    Array.from({ length: 11 }, (_, slot) => [slot, 100 + slot]),
  );
  assert.deepEqual(allotment.state().samples, { simd: 3, webgpu: 8 });
});

test('tasks under way share a cargo by what each may need, and one that fails leaves nothing open', async (t) => {
  const allotment = await forced(t, {});
  const cargos = cargosOf(allotment, 8, async () => assert.fail('nothing was stowed'));
  const offered: Cargo[][] = [];
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const tasks = [0, 1].map((i) =>
    task(cargos, [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3], async (offer) => {
      offered.push([...offer!.cargos]);
      await gate;
      throw new Error('a thread died');
    }),
  );
  assert.notEqual(offered[0]![0], offered[1]![0]);
  go();
  await Promise.allSettled(tasks);
  await cargos.abandon();
  assert.equal((await cargos.finished()).size, 0);
  assert.equal(allotment.state().queue, 0);
  // Both are there again for the next batch.
  const again = [allotment.open(4, size, 'images'), allotment.open(4, size, 'images')];
  assert.deepEqual(new Set(again.map((one) => one!.shared)), new Set(offered.map(([one]) => one!.shared)));
});

test('without a device no task is offered anything', async () => {
  const cargos = cargosOf(null, 1, async () => []);
  const outcomes: Outcome[] = [{ status: 'corrupt', reason: 'a test' }];
  assert.equal(await task(cargos, [0], async (offer) => (offer === null ? outcomes : [])), outcomes);
  assert.equal((await cargos.finished()).size, 0);
});
