import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemoryBudget, type Reservation } from '../../src/batch/memory-budget.js';
import { TributaryError } from '../../src/errors.js';

test('reservations never exceed the total, and give back what they took', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.array(
        fc.record({
          bytes: fc.integer({ min: 1, max: 500 }),
          wanted: fc.integer({ min: 1, max: 8 }),
          release: fc.boolean(),
        }),
      ),
      (total, asks) => {
        const budget = new MemoryBudget(total);
        const held: Reservation[] = [];
        for (const { bytes, wanted, release } of asks) {
          if (release && held.length > 0) budget.give(held.shift()!);
          const left = budget.unreserved;
          try {
            const reservation = budget.take(bytes, wanted);
            assert.ok(reservation.batches >= 1 && reservation.batches <= wanted);
            held.push(reservation);
          } catch (error) {
            assert.ok(error instanceof TributaryError && error.reason === 'TOO_MUCH_ASKED');
            assert.ok(bytes > left, 'only what does not fit is refused');
          }
          assert.ok(budget.reserved <= total);
        }
        for (const reservation of held) budget.give(reservation);
        assert.equal(budget.reserved, 0);
      },
    ),
  );
});

test('a stream takes at most half of what is left beyond its first batch, so that later ones find room', () => {
  const budget = new MemoryBudget(1000);
  assert.equal(budget.take(100, 100).batches, 5);
  assert.equal(budget.take(100, 100).batches, 2);
  assert.equal(budget.take(100, 100).batches, 1);
});
