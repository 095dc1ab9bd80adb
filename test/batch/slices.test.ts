import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inSlices } from '../../src/batch/slices.js';
import { Away, whenHere } from '../../src/sources/manifest/away.js';

/** Keeps the thread busy. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('what is made in slices comes in order, and the event loop turns between them however many are at it', async () => {
  let turns = 0;
  let ended = false;
  const turn = (): void => {
    turns++;
    if (!ended) setImmediate(turn);
  };
  setImmediate(turn);
  const each = (number: number): number => {
    work(0.1);
    return number;
  };
  const all = await Promise.all([inSlices(400, each), inSlices(400, each), inSlices(400, each)]);
  ended = true;
  for (const numbers of all) assert.deepEqual(numbers, [...Array(400).keys()]);
  // 120 ms of work, of which no more than about two slices may come between two turns.
  assert.ok(turns >= 10, `${turns} turns`);
});

test('what is called off ends with its slice', async () => {
  const call = new AbortController();
  let made = 0;
  const slow = inSlices(
    100_000,
    () => {
      made++;
      work(0.1);
    },
    call.signal,
  );
  setImmediate(() => call.abort(new Error('called off')));
  await assert.rejects(slow, /called off/);
  assert.ok(made < 2_000, `${made} were made`);
});

test('what is away is brought at once, and not one after the other', async () => {
  const here = new Set<number>();
  let rounds = 0;
  const make = (number: number): number => {
    if (number % 3 === 0 && !here.has(number)) throw new Away(async () => here.add(number));
    return number;
  };
  const made = await whenHere(() => {
    rounds++;
    return inSlices(50, make);
  });
  assert.deepEqual([made, rounds], [[...Array(50).keys()], 2]);
});
