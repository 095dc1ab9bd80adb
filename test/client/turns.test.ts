import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rules } from '../../src/client/behaviour.js';
import { Growth, Turns } from '../../src/client/turns.js';

test('every step is dealt once, and runs of a stride are runs, whenever there come to be more lanes', () => {
  const growing = fc.array(fc.record({ after: fc.nat(20), more: fc.integer({ min: 1, max: 5 }) }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.nat(50), fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 6 }), growing, (...given) => {
      const [first, count, lanes, changes] = given;
      const end = first + count;
      const turns = new Turns(first, end, lanes);
      const at = Array.from({ length: lanes }, (_, lane) => first + lane);
      const seen: number[] = [];
      const advance = (lane: number): void => {
        const step = at[lane]!;
        seen.push(step);
        at[lane] = turns.after(step, lane);
        if (turns.run(step) > 1) assert.equal(at[lane], step + turns.stride(step));
      };
      for (const { after, more } of changes) {
        // the lane that is least far goes on, as lanes do that are kept within a window
        for (let k = 0; k < after; k++) {
          const least = at.indexOf(Math.min(...at));
          if (at[least]! < end) advance(least);
        }
        const from = Math.max(...at, turns.since) + 1;
        const wider = turns.lanes + more;
        if (from + wider > end) continue;
        turns.widen(from, wider);
        for (let lane = at.length; lane < wider; lane++) at.push(from + lane);
      }
      for (let lane = 0; lane < at.length; lane++) while (at[lane]! < end) advance(lane);
      assert.deepEqual(
        seen.sort((a, b) => a - b),
        Array.from({ length: count }, (_, k) => first + k),
      );
    }),
  );
});

test('lanes become more while the trainer waits and replicas have room, and only then', () => {
  const second = rules.starvedSeconds * 1000;
  const after = (waits: number, replicas: number, { given = 0, most = 64, lanes = 2 } = {}) => {
    const growth = new Growth(given, most, 0);
    for (let k = 0; k < lanes; k++) growth.took(k * 100, k * 100 + waits / lanes);
    return growth.next(lanes, replicas, null, second);
  };
  assert.equal(after(0.5 * second, 4), 4);
  assert.equal(after(0.05 * second, 4), 2, 'the trainer hardly waits');
  assert.equal(after(0.5 * second, 1), 2, 'one replica has its two lanes');
  assert.equal(after(0.5 * second, 4, { given: 2 }), 2, 'lanes that are given are kept');
  assert.equal(after(0.5 * second, 4, { most: 3 }), 3, 'no more than are of use');
  assert.equal(after(0.5 * second, 64, { lanes: 12 }), rules.mostLanes);

  const growth = new Growth(0, 64, 0);
  assert.equal(growth.next(2, 4, 0, second), 2, 'nothing has come yet: the first batch may take its time');
  growth.took(0, second);
  growth.took(null, second);
  assert.equal(growth.next(2, 4, null, second - 1), 2, 'too early to say');
  assert.equal(growth.next(2, 4, null, second), 4);
  assert.equal(growth.next(4, 4, second, 2 * second), 4, 'not before each lane has brought a batch');
  assert.deepEqual(
    [1, 2, 3, 8].map((replicas) => new Growth(0, 64, 0).first(replicas)),
    [2, 2, 3, rules.firstLanes],
  );
  assert.equal(new Growth(5, 64, 0).first(8), 5);
});
