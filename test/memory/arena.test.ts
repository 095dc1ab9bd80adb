import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { Arena, arenaBuffers, none } from '../../src/memory/arena.js';

const blockBytes = 64;

function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7 + (i >> 6)) & 255);
}

test('chains keep what was written, whatever is taken and freed, and never more than the budget', () => {
  const step = fc.oneof(
    fc.record({ take: fc.integer({ min: 0, max: 700 }) }),
    fc.record({ free: fc.integer({ min: 0, max: 50 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4000 }), fc.array(step, { maxLength: 80 }), (budget, steps) => {
      const memory = arenaBuffers(budget, blockBytes);
      const given = memory.words.byteLength + memory.slabs.reduce((sum, { byteLength }) => sum + byteLength, 0);
      assert.ok(given <= Math.max(budget, 16), `${given} bytes of ${budget}`);
      const arena = new Arena(memory);
      const held: { chain: number; bytes: Uint8Array }[] = [];
      const blocks = (length: number) => Math.max(1, Math.ceil(length / blockBytes));
      for (const [seed, act] of steps.entries()) {
        if ('take' in act) {
          const left = (arena.totalBytes - arena.usedBytes) / blockBytes;
          const chain = arena.take(act.take);
          assert.equal(chain === none, blocks(act.take) > left);
          if (chain === none) continue;
          const bytes = bytesOf(act.take, seed);
          const cut = bytes.length >> 1;
          arena.write(chain, bytes.subarray(0, cut), bytes.subarray(cut));
          held.push({ chain, bytes });
        } else if (held.length > 0) {
          arena.give(held.splice(act.free % held.length, 1)[0]!.chain);
        }
        assert.equal(
          arena.usedBytes,
          held.reduce((sum, { bytes }) => sum + blocks(bytes.length) * blockBytes, 0),
        );
        for (const { chain, bytes } of held) {
          const out = new Uint8Array(bytes.length);
          arena.read(chain, 0, bytes.length, out);
          assert.deepEqual(out, bytes);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('rows are cut out of a chain wherever its blocks end', () => {
  const arena = new Arena(arenaBuffers(100_000, blockBytes));
  const image = bytesOf(9000, 5);
  const chain = arena.take(image.length);
  arena.write(chain, image);
  const box = fc
    .record({ width: fc.integer({ min: 1, max: 300 }), from: fc.nat(299), length: fc.nat(300), start: fc.nat(20) })
    .chain((shape) => fc.record({ ...all(shape), top: fc.nat(29), rows: fc.nat(30) }));
  fc.assert(
    fc.property(box, ({ width, from, length, start, top, rows }) => {
      const height = Math.floor((image.length - start) / width);
      const left = from % width;
      const piece = Math.min(length, width - left);
      const first = top % height;
      const count = Math.min(rows, height - first);
      const out = new Uint8Array(piece * count);
      arena.read(chain, start + first * width + left, piece, out, width, count);
      const expected: number[] = [];
      for (let row = first; row < first + count; row++)
        expected.push(...image.subarray(start + row * width + left, start + row * width + left + piece));
      assert.deepEqual([...out], expected);
    }),
  );
});

test('threads that take and free chains at once never share a block', async () => {
  const memory = arenaBuffers(40_000, blockBytes);
  const url = new URL('../../src/memory/arena.js', import.meta.url).href;
  const program = `const { workerData, parentPort } = require('node:worker_threads');
    import(workerData.url).then(({ Arena, none }) => {
      const arena = new Arena(workerData.memory);
      let state = workerData.seed;
      const next = (n) => (state = (state * 1103515245 + 12345) & 0x7fffffff) % n;
      const held = [];
      let faults = 0;
      for (let i = 0; i < 20000; i++) {
        if (held.length > 4 || (held.length > 0 && next(2) === 0)) {
          const { chain, length, mark } = held.splice(next(held.length), 1)[0];
          const out = new Uint8Array(length);
          arena.read(chain, 0, length, out);
          if (!out.every((value) => value === mark)) faults++;
          arena.give(chain);
        } else {
          const length = 1 + next(5000);
          const chain = arena.take(length);
          if (chain === none) continue;
          const mark = workerData.seed * 64 + next(64);
          arena.write(chain, new Uint8Array(length).fill(mark));
          held.push({ chain, length, mark });
        }
      }
      for (const { chain } of held) arena.give(chain);
      parentPort.postMessage(faults);
    });`;
  const faults = await Promise.all(
    [1, 2, 3].map(
      (seed) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(program, { eval: true, workerData: { url, memory, seed } });
          worker.once('message', resolve).once('error', reject);
        }),
    ),
  );
  assert.deepEqual(faults, [0, 0, 0]);
  const arena = new Arena(memory);
  assert.equal(arena.usedBytes, 0);
  assert.notEqual(arena.take(arena.totalBytes), none);
});

function all<T extends object>(values: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fc.constant(value)])) as never;
}
