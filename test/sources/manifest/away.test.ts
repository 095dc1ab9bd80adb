import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Away, allAway, whenHere } from '../../../src/sources/manifest/away.js';

test('what is away is brought, and asked for again until nothing is', async () => {
  const here = new Set<number>();
  const part = (number: number): number => {
    if (!here.has(number)) throw new Away(async () => here.add(number));
    return number;
  };
  assert.equal(await whenHere(() => part(1) + part(2)), 3);
  assert.deepEqual([...here], [1, 2]);
  await assert.rejects(
    whenHere(() => {
      throw new Away(() => Promise.reject(new Error('the store is gone')));
    }),
    /the store is gone/,
  );
});

test('all that is away is brought at once', async () => {
  let under = 0;
  let arrive = (): void => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const bring = (): Promise<void> => {
    if (++under === 3) arrive();
    return arrived;
  };
  await allAway(Array.from({ length: 3 }, () => new Away(bring))).bring();
});

test('nobody who has gone is kept waiting', async () => {
  const call = new AbortController();
  const never = () => {
    throw new Away(() => new Promise(() => {}));
  };
  const waiting = whenHere(never, call.signal);
  setImmediate(() => call.abort(new Error('gone')));
  await assert.rejects(waiting, /gone/);
  await assert.rejects(whenHere(never, call.signal), /gone/);
});
