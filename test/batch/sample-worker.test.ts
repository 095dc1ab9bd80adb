import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { emptyDeviceCrops } from '../../src/augment/device-crops.js';
import type { DeviceShare } from '../../src/batch/sample-task.js';
import { sampleBytes } from '../../src/batch/tensor.js';
import { WorkerPool } from '../../src/batch/worker-pool.js';
import { planShare } from '../../src/plan/plan.js';
import { smallRun } from './small-run.js';

const size = 48;
const none: DeviceShare = { hasDevice: false, crops: [] };

test('a sample is finished where no device takes part, and what is left for one says where it goes on', async (t) => {
  const open = await smallRun(t);
  const pool = new WorkerPool(1);
  t.after(() => pool.close());
  const slots = planShare(open.plan, { epoch: 0, step: 0, rank: 0, worldSize: 1 }).map((sample, slot) => ({
    sample,
    slot,
  }));
  const room = (type: 'UINT8' | 'FLOAT32') => new SharedArrayBuffer(slots.length * sampleBytes(type, size));
  const make = async (share: DeviceShare, type: 'UINT8' | 'FLOAT32' = 'UINT8') => {
    const tensor = room(type);
    const pixels = type === 'UINT8' ? tensor : room('UINT8');
    const outcomes = await pool.make(open, slots, { form: { type, axes: 'NHWC' }, tensor, pixels, ...share });
    const left = outcomes.map((outcome) => {
      assert.equal(outcome.status, 'ok');
      return outcome.left;
    });
    return { tensor, pixels, left };
  };
  const finished = await make(none);
  for (const [slot, left] of finished.left.entries()) {
    assert.equal(left.kind, 'tensor');
    assert.equal(
      left.crc32,
      crc32(new Uint8Array(finished.tensor, slot * sampleBytes('UINT8', size), sampleBytes('UINT8', size))),
    );
  }
  const again = await make(none);
  assert.deepEqual(again.left, finished.left);
  const begun = await make({ hasDevice: true, crops: [] });
  assert.ok(begun.left.every(({ kind }) => kind === 'pixels' || kind === 'tensor'));
  assert.ok(begun.left.some(({ kind }) => kind === 'pixels'));
  const crops = [emptyDeviceCrops(8, size)];
  const handed = await make({ hasDevice: true, crops });
  assert.ok(handed.left.some(({ kind }) => kind === 'crop'));
});

test('pixels that a device has finished are packed into the tensor, with the CRC-32 of what is there', async (t) => {
  const pool = new WorkerPool(1);
  t.after(() => pool.close());
  const pixels = new SharedArrayBuffer(2 * sampleBytes('UINT8', size));
  new Uint8Array(pixels).fill(255);
  const tensor = new SharedArrayBuffer(2 * sampleBytes('FLOAT32', size));
  const form = { type: 'FLOAT32', axes: 'NHWC' } as const;
  const erase = { top: 0, left: 0, width: 1, height: 1 };
  const crcs = await pool.pack({ kind: 'pack', form, tensor, pixels, size, samples: [{ slot: 1, erase }] });
  const bytes = new Uint8Array(tensor, sampleBytes('FLOAT32', size));
  assert.deepEqual(crcs, [crc32(bytes)]);
  const values = new Float32Array(tensor, sampleBytes('FLOAT32', size));
  assert.deepEqual([...values.subarray(0, 3)], [0, 0, 0]);
  assert.ok(values[3]! > 2 && new Float32Array(tensor)[0] === 0);
});
