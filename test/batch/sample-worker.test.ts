import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { emptyCargo } from '../../src/augment/cargo.js';
import { groupTensors } from '../../src/batch/group-tensors.js';
import type { Offer } from '../../src/batch/sample-task.js';
import { sampleBytes } from '../../src/batch/tensor.js';
import { WorkerPool } from '../../src/batch/worker-pool.js';
import { planShare } from '../../src/plan/plan.js';
import { viewsOf } from '../../src/run/views.js';
import { drawingOf } from '../../src/sample/draw-sample.js';
import { smallRun } from './small-run.js';

const size = 48;

for (const type of ['UINT8', 'FLOAT32'] as const)
  test(`a sample is finished by its thread, or stowed where a cargo is offered and finished later: ${type}`, async (t) => {
    const open = await smallRun(t);
    const pool = new WorkerPool(1);
    t.after(() => pool.close());
    const address = { epoch: 0, step: 0, rank: 0, worldSize: 1 };
    const slots = planShare(open.plan, address).map((sample, slot) => ({ sample, slot }));
    const bytes = sampleBytes(type, size);
    const form = { type, axes: 'NHWC' } as const;
    const make = async (offer: Offer | null) => {
      const tensor = new SharedArrayBuffer(slots.length * bytes);
      const views = viewsOf(open.run);
      const tensors = groupTensors(views, slots.length, form);
      const places = { form, tensor, tensors, drawing: drawingOf(open.run, views) };
      const outcomes = await pool.make(open, slots, places, [offer]);
      const made = outcomes.map((outcome) => {
        assert.equal(outcome.status, 'ok');
        const [view, ...more] = outcome.views;
        assert.ok(view!.spent > 0 && more.length === 0);
        return { ...view!, draw: outcome.draw.views[0]! };
      });
      return { tensor, made };
    };
    const whole = await make(null);
    for (const [slot, { left, extent }] of whole.made.entries()) {
      assert.ok(left.kind === 'tensor');
      assert.equal(left.crc32, crc32(new Uint8Array(whole.tensor, slot * bytes, bytes)));
      assert.equal(extent, 'nothing');
    }
    assert.deepEqual(
      (await make(null)).made.map(({ left }) => left),
      whole.made.map(({ left }) => left),
    );
    const refused = await make({ ways: { whole: 'threads', suffix: 'threads' }, cargos: [] });
    assert.ok(refused.made.every(({ left, extent }) => left.kind === 'tensor' && extent === 'whole'));
    for (const kind of ['images', 'crops'] as const) {
      // One place fewer than samples, so that one is the thread's.
      const cargo = emptyCargo({ images: 4, size, kind });
      const { tensor, made } = await make({ ways: { whole: kind, suffix: 'images' }, cargos: [cargo] });
      const stowed = made.flatMap(({ left, draw }, slot) =>
        left.kind === 'cargo' ? [{ at: slot * bytes, place: left.place, draw }] : [],
      );
      assert.equal(stowed.length, kind === 'images' ? 4 : stowed.length);
      assert.ok(stowed.length > 0 && stowed.length < slots.length);
      // No device has had it, so a thread makes the rest.
      const finished = await pool.finish({ kind: 'finish', form, tensor, cargo, isDone: false, views: stowed });
      for (const [i, { at }] of stowed.entries())
        assert.equal(finished[i]!.crc32, crc32(new Uint8Array(tensor, at, bytes)));
      assert.deepEqual(new Uint8Array(tensor), new Uint8Array(whole.tensor), kind);
    }
  });
