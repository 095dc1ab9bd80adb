import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyCargo } from '../../src/augment/cargo.js';
import type { Device } from '../../src/augment/device.js';
import { WatchedDevice } from '../../src/augment/watched-device.js';
import { noCost, plantedDevice } from './planted-device.js';

const cargo = emptyCargo({ images: 1, size: 4, kind: 'images' });
const work = { means: 0, blurs: false };

test('a cargo always ends: done, failed, or given up in time, with the device and all that it has', async (t) => {
  const killed: Device[] = [];
  let freed = () => {};
  const plans: Partial<Device>[] = [
    { run: async () => noCost },
    { run: () => new Promise(() => {}) },
    {
      run: async () => {
        throw new Error('lost');
      },
    },
  ];
  const told: string[] = [];
  const opened: (() => void)[] = [];
  const source = {
    isForced: false,
    patience: 1,
    async open() {
      const device: Device = plantedDevice({
        ...plans.shift(),
        kill: () => {
          killed.push(device);
          return new Promise((resolve) => {
            freed = resolve;
          });
        },
      });
      return device;
    },
  };
  const watched = new WatchedDevice(source, {
    opened: () => opened.shift()?.(),
    lost: (reason, seconds) => told.push(`${reason}, again in ${seconds} s`),
  });
  t.after(() => watched.close());
  const alive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(alive));
  assert.equal((await watched.run(cargo, work, 1)).kind, 'undone', 'it is not there yet');
  await watched.opening;
  const first = watched.device!;
  assert.equal((await watched.run(cargo, work, 1)).kind, 'done');
  const again = () => new Promise<void>((resolve) => opened.push(resolve));

  const one = Object.assign(first, { run: () => new Promise<never>(() => {}) });
  const reopened = again();
  const [end, other] = await Promise.all([watched.run(cargo, work, 0.05), watched.run(cargo, work, 0.06)]);
  assert.ok(end.kind === 'undone' && other.kind === 'undone');
  assert.deepEqual([killed, watched.device], [[one], null]);
  let isFree = false;
  const free = end.free.then(() => {
    isFree = true;
  });
  await new Promise(setImmediate);
  assert.equal(isFree, false, 'a thread that may still write to a cargo');
  freed();
  await free;
  assert.equal((await watched.run(cargo, work, 1)).kind, 'undone');
  await reopened;
  assert.equal((await watched.run(cargo, work, 0.05)).kind, 'undone', 'the second hangs as well');
  assert.deepEqual(told, ['no answer within 0.05 s, again in 1 s', 'no answer within 0.05 s, again in 2 s']);
});

test('a machine without one is not asked again; one that does not open is; and closing ends the device', async () => {
  const told: string[] = [];
  const events = { missing: () => told.push('missing'), lost: (reason: string) => told.push(reason) };
  const none = new WatchedDevice({ isForced: false, patience: 1, open: async () => null }, events);
  await none.opening;
  await none.close();
  const broken = async () => {
    throw new Error('no driver');
  };
  const failing = new WatchedDevice({ isForced: false, patience: 1, open: broken }, events);
  await failing.opening;
  await failing.close();
  let closed = 0;
  const open = async () => plantedDevice({ close: async () => void closed++ });
  const sound = new WatchedDevice({ isForced: false, patience: 1, open }, events);
  await sound.opening;
  await sound.close();
  // And one that comes while it is being closed.
  await new WatchedDevice({ isForced: false, patience: 1, open }, events).close();
  assert.deepEqual([told, closed], [['missing', 'no driver'], 2]);
});
