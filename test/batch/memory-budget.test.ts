import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemoryBudget, type Reservation, streamBytes } from '../../src/batch/memory-budget.js';

const mebibyte = 1 << 20;
/** What a stream of so many batches of `mebibyte` takes. */
const bytesOf = (batches: number) => batches * mebibyte + streamBytes;

/** Whether something has settled once all that is ready has run. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  promise.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  await new Promise(setImmediate);
  return done;
}

test('reservations never exceed the total, and give back what they took', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 100 }),
      fc.array(
        fc.record({
          client: fc.constantFrom('a', 'b', 'c'),
          kibibytes: fc.integer({ min: 1, max: 5_000 }),
          wanted: fc.integer({ min: 1, max: 8 }),
          release: fc.boolean(),
        }),
        { maxLength: 40 },
      ),
      async (total, asks) => {
        const budget = new MemoryBudget(total * mebibyte);
        const held: Reservation[] = [];
        const leave = new AbortController();
        const taken = asks.map(async ({ client, kibibytes, wanted, release }) => {
          if (release && held.length > 0) budget.give(held.shift()!);
          const bytes = kibibytes * 1024;
          try {
            const reservation = await budget.take(client, '', bytes, wanted, leave.signal);
            assert.ok(reservation.batches >= 1 && reservation.batches <= wanted);
            held.push(reservation);
          } catch (error) {
            assert.ok(leave.signal.aborted || bytes + streamBytes > budget.total, String(error));
          }
          assert.ok(budget.reserved <= budget.total);
        });
        await new Promise(setImmediate);
        leave.abort();
        await Promise.all(taken);
        for (const reservation of held) budget.give(reservation);
        assert.equal(budget.reserved, 0);
      },
    ),
  );
});

test('a stream takes at most half of what is left beyond its first batch, so that later ones find room', async () => {
  const budget = new MemoryBudget(bytesOf(10) + streamBytes);
  assert.equal((await budget.take('a', '', mebibyte, 100)).batches, 5);
  assert.equal((await budget.take('a', '', mebibyte, 100)).batches, 2);
});

test('what can never fit is refused at once, and what does not fit now waits its turn', async () => {
  const budget = new MemoryBudget(bytesOf(1));
  await assert.rejects(budget.take('a', '', bytesOf(1), 1), { reason: 'TOO_MUCH_ASKED' });
  const first = await budget.take('a', '', mebibyte, 1);
  const second = budget.take('a', '', mebibyte, 1);
  assert.equal(await settled(second), false);
  budget.give(first);
  budget.give(await second);
  assert.equal(budget.reserved, 0);
});

test('a client that holds all of it gives way to one that has none, its stream first that got nothing across for longest', async () => {
  const budget = new MemoryBudget(4 * bytesOf(1));
  const greedy: Reservation[] = [];
  for (let i = 0; i < 4; i++) greedy.push(await budget.take('greedy', '', mebibyte, 1));
  for (const { revoked } of greedy) assert.equal(revoked.aborted, false, 'who is alone may have all');
  greedy[0]!.progressed();
  const late = budget.take('late', '', mebibyte, 1);
  assert.equal(await settled(late), false);
  assert.deepEqual(
    greedy.map(({ revoked }) => revoked.aborted),
    [false, true, false, false],
  );
  const again = budget.take('greedy', '', mebibyte, 1);
  budget.give(greedy[1]!);
  assert.equal(await settled(late), true);
  assert.equal(await settled(again), false, 'what was given up goes to who has less');
  const second = budget.take('late', '', mebibyte, 1);
  assert.equal(await settled(second), false);
  budget.give(greedy.find(({ revoked }, i) => i !== 1 && revoked.aborted)!);
  await second;
  // Each has its part now: who wants more waits, and nobody has to leave.
  const third = new AbortController();
  const more = budget.take('late', '', mebibyte, 1, third.signal);
  assert.equal(await settled(more), false);
  assert.equal(greedy.filter(({ revoked }) => revoked.aborted).length, 2);
  third.abort(new Error('gone'));
  await assert.rejects(more, /gone/);
});

test('a client that asks for more than its part keeps nobody waiting who asks for less', async () => {
  const budget = new MemoryBudget(4 * bytesOf(1));
  const one = await budget.take('one', '', mebibyte, 1);
  const leave = new AbortController();
  const all = budget.take('large', '', bytesOf(3) + mebibyte / 2, 1, leave.signal);
  assert.equal(await settled(all), false);
  await budget.take('small', '', mebibyte, 1);
  assert.equal(one.revoked.aborted, false);
  leave.abort(new Error('gone'));
  await assert.rejects(all, /gone/);
});

test('a client has so many streams that wait, and the next is told when to ask again', async () => {
  const budget = new MemoryBudget(bytesOf(1));
  await budget.take('a', '', mebibyte, 1);
  const leave = new AbortController();
  const waiting = Array.from({ length: 64 }, () => budget.take('a', '', mebibyte, 1, leave.signal));
  await assert.rejects(budget.take('a', '', mebibyte, 1), {
    reason: 'REPLICA_BUSY',
    metadata: { retry_delay_ms: '1000' },
  });
  leave.abort(new Error('gone'));
  for (const each of await Promise.allSettled(waiting)) assert.equal(each.status, 'rejected');
});

test('who was refused and asks for the same again is before those that have come since', async () => {
  const budget = new MemoryBudget(bytesOf(1));
  const held = await budget.take('a', '', mebibyte, 1);
  const leave = new AbortController();
  const [gone, rest] = [new AbortController(), leave.signal];
  const waiting = Array.from({ length: 64 }, (_, i) =>
    budget.take('a', `${i}`, mebibyte, 1, i === 0 ? gone.signal : rest),
  );
  const all = Promise.allSettled(waiting);
  await assert.rejects(budget.take('a', 'refused', mebibyte, 1), { reason: 'REPLICA_BUSY' });
  gone.abort(new Error('gone'));
  const late = budget.take('a', 'late', mebibyte, 1);
  assert.equal(await settled(late), false);
  const again = budget.take('a', 'refused', mebibyte, 1, rest);
  await assert.rejects(late, { reason: 'REPLICA_BUSY' });
  assert.equal(await settled(again), false);
  leave.abort(new Error('gone'));
  for (const each of [...(await all), ...(await Promise.allSettled([again]))]) assert.equal(each.status, 'rejected');
  budget.give(held);
  assert.equal(budget.reserved, 0);
});
