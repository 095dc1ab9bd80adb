import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Allotment, type AllotmentEvents } from '../../src/augment/allotment.js';
import { cargoBytes, claimImage } from '../../src/augment/cargo.js';
import type { CargoCost, Device, DeviceSource } from '../../src/augment/device.js';
import { noCost, plantedDevice } from './planted-device.js';

const size = 256;
const work = { means: 0, blurs: false };

async function allotment(
  t: TestContext,
  more: Partial<Device>,
  { isForced = false, backlog = (): number => 60, events = {} as Partial<AllotmentEvents> } = {},
): Promise<Allotment> {
  const source: DeviceSource = { isForced, patience: 30, open: async () => plantedDevice(more) };
  const one = new Allotment(source, backlog, events);
  t.after(() => one.close());
  await one.opening;
  return one;
}

test('cargos are opened while the device ends before the threads have done what waits, and memory allows', async (t) => {
  let backlog = 60;
  const one = await allotment(t, {}, { backlog: () => backlog });
  assert.equal(one.ways('run', size), null, 'it is not ready for this side yet');
  assert.equal(one.open(8, size, 'images'), null);
  await one.getReady(size);
  // One second for images, two for crops, as measured.
  backlog = 3.5;
  const opened = [one.open(8, size, 'crops'), one.open(8, size, 'images'), one.open(8, size, 'images')];
  assert.deepEqual(
    opened.map((cargo) => cargo?.kind),
    ['crops', 'images', undefined],
  );
  assert.equal(opened[0]!.images, 32, 'the shape that is ready');
  one.give(opened[0]!);
  assert.ok(one.open(8, size, 'images'));
  backlog = 60;
  one.boundBy(() => 2 * cargoBytes(opened[1]!));
  assert.equal(one.open(8, size, 'images'), null);
  one.boundBy(() => 3 * cargoBytes(opened[1]!));
  assert.ok(one.open(8, size, 'images'));
});

test('a device gets ready for a side when it has nothing else to do, for no more sides than it keeps, and is not kept busy by it', async (t) => {
  const prepared: number[] = [];
  let go = () => {};
  const prepare = (size: number) =>
    new Promise<{ images: number; crops: number }>((resolve) => {
      prepared.push(size);
      go = () => resolve({ images: 1, crops: 2 });
    });
  const one = await allotment(t, { prepare });
  const settled = () => new Promise(setImmediate);
  assert.equal(one.ways('run', 64), null);
  go();
  await settled();
  const cargo = one.open(8, 64, 'images')!;
  assert.equal(one.ways('other', 96), null);
  assert.deepEqual(prepared, [64], 'it has a cargo');
  assert.equal(one.open(8, 64, 'images'), null, 'and gets no other before it is ready for the next side');
  one.give(cargo);
  assert.equal(one.ways('run', 64), null);
  assert.deepEqual(prepared, [64, 96]);
  go();
  await settled();
  assert.ok(one.ways('run', 64) && one.ways('other', 96));
  assert.equal(one.ways('third', 128), null);
  assert.ok(one.ways('run', 64), 'both sides are in use');
  assert.deepEqual(prepared, [64, 96]);
});

test('a device that is asked for by name gets every sample, in cargos as large as what is left, while it runs', async (t) => {
  const lost: string[] = [];
  const kill = () => new Promise<never>(() => {});
  const run = async (): Promise<CargoCost> => {
    throw new Error('gone');
  };
  const one = await allotment(
    t,
    { run, kill },
    { isForced: true, backlog: () => 0, events: { lost: (why) => lost.push(why) } },
  );
  assert.deepEqual(one.ways('run', size), { whole: 'crops', suffix: 'images' });
  assert.equal(one.shareOf('run', 'suffix'), 1);
  const cargo = one.open(3, size, 'crops')!;
  assert.equal(cargo.images, 4);
  claimImage(cargo);
  assert.equal(await one.run(cargo, work), false);
  assert.deepEqual(lost, ['gone']);
  const held = one.bytes;
  one.give(cargo);
  assert.equal(one.bytes, held, 'memory that a thread may still write to is nobody’s');
  assert.equal(one.ways('run', size), null);
  assert.equal(one.open(3, size, 'crops'), null);
  assert.deepEqual(one.state().samples, { simd: 1 });
});

test('what ran where, how long the device was busy and what it has are shown', async (t) => {
  let done = (_: CargoCost) => {};
  const run = () =>
    new Promise<CargoCost>((resolve) => {
      done = resolve;
    });
  const one = await allotment(t, { run });
  await one.getReady(size);
  const cargo = one.open(8, size, 'images')!;
  for (let i = 0; i < 5; i++) claimImage(cargo);
  one.made(3);
  const running = one.run(cargo, work);
  assert.equal(one.state().queue, 1);
  done(noCost);
  assert.equal(await running, true);
  const { isOpen, queue, busySeconds, samples } = one.state();
  assert.deepEqual([isOpen, queue, samples], [true, 0, { simd: 3, webgpu: 5 }]);
  assert.ok(busySeconds > 0);
  one.give(cargo);
  assert.equal(one.open(8, size, 'images')!.shared, cargo.shared);
});

test('a run goes the way that costs its cores least, the device’s thread included, and the log hears of it', async (t) => {
  const told: (string | number)[][] = [];
  const found: AllotmentEvents['found'] = (run, ways) => told.push([run, ways.whole!]);
  const costly = { run: async () => ({ ...noCost, thread: 5 }) };
  const one = await allotment(t, costly, { events: { found } });
  await one.getReady(size);
  for (let i = 0; i < 200; i++) {
    const { whole } = one.ways('run', size)!;
    if (whole !== 'threads') {
      const cargo = one.open(8, size, whole)!;
      claimImage(cargo);
      await one.run(cargo, work);
      one.give(cargo);
    }
    one.see('run', 'whole');
    one.learn('run', 'whole', whole, whole === 'threads' ? 2 : 1);
  }
  assert.equal(one.ways('run', size)!.whole, 'threads');
  assert.deepEqual(told, [['run', 'threads']]);
  assert.deepEqual([one.shareOf('run', 'whole'), one.shareOf('run', 'suffix')], [1, 0]);
});
