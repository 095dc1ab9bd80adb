import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Pool } from '../../src/memory/pool.js';

function shared(bound: number, drop?: (memory: SharedArrayBuffer) => void): Pool<SharedArrayBuffer> {
  return new Pool(bound, (bytes) => new SharedArrayBuffer(bytes), drop);
}

test('what is given back is used again, for its own length alone', () => {
  const pool = shared(1000);
  const [a, b] = [pool.take(100), pool.take(100)];
  assert.notEqual(a, b);
  pool.give(a);
  assert.deepEqual([pool.takenBytes, pool.spareBytes], [100, 100]);
  assert.notEqual(pool.take(99), a);
  assert.equal(pool.take(100), a);
  assert.equal(pool.spareBytes, 0);
});

test('no more is kept than the bound leaves, and the length used longest ago goes first', () => {
  const dropped: SharedArrayBuffer[] = [];
  const pool = shared(700, (memory) => dropped.push(memory));
  const buffers = [300, 300, 200, 200, 100].map((length) => pool.take(length));
  for (const buffer of buffers) pool.give(buffer);
  assert.equal(pool.spareBytes, 500);
  assert.deepEqual(new Set(dropped), new Set(buffers.slice(0, 2)));
  for (const length of [200, 200, 100]) assert.ok(buffers.includes(pool.take(length)));
  pool.give(buffers[4]!);
  // Room is made before memory is.
  pool.take(300);
  assert.equal(dropped.at(-1), buffers[4]);
});

test('what is taken and kept stays within the bound, and nothing is handed out twice', () => {
  const step = fc.oneof(fc.record({ take: fc.constantFrom(10, 20, 40, 70) }), fc.record({ give: fc.nat(20) }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pool = shared(200);
      const taken: SharedArrayBuffer[] = [];
      for (const act of steps) {
        if ('give' in act) {
          if (taken.length > 0) pool.give(taken.splice(act.give % taken.length, 1)[0]!);
        } else {
          const memory = pool.take(act.take);
          assert.equal(memory.byteLength, act.take);
          assert.ok(!taken.includes(memory));
          taken.push(memory);
        }
        const bytes = taken.reduce((sum, { byteLength }) => sum + byteLength, 0);
        assert.equal(pool.takenBytes, bytes);
        assert.ok(pool.spareBytes <= Math.max(0, 200 - bytes));
      }
    }),
  );
});

test('what is kept is dropped where the bound is less than it was', () => {
  const pool = shared(1000);
  for (const buffer of [300, 200].map((bytes) => pool.take(bytes))) pool.give(buffer);
  pool.trim(400);
  assert.deepEqual([pool.takenBytes, pool.spareBytes], [0, 200]);
  pool.trim(0);
  assert.equal(pool.spareBytes, 0);
});
