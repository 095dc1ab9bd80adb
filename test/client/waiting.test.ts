import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Wait, Waiting } from '../../src/client/waiting.js';

test('a wait is told from its first seconds on, and again only where it changes', () => {
  const told: Wait[] = [];
  const waiting = new Waiting((wait) => told.push(wait));
  for (const seconds of [0, 2.9, 3.1, 4, 5]) waiting.look(seconds, () => 'step 3 (a: no answer)');
  waiting.look(6, () => 'step 3 (a: UNAVAILABLE)');
  waiting.look(1, () => 'step 4 (a: no answer)');
  assert.deepEqual(told, [
    { seconds: 3.1, wanted: 'step 3 (a: no answer)' },
    { seconds: 6, wanted: 'step 3 (a: UNAVAILABLE)' },
  ]);
});

test('without a listener nothing is put together', () => {
  new Waiting(undefined).look(60, () => assert.fail());
});
