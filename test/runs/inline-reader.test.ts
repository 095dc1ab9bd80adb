import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bounds } from '../../src/contract/bounds.js';
import { InlineReader } from '../../src/runs/inline-reader.js';
import { read, withRun } from '../run/fixture.js';

const config = read(withRun());
const text = '{recipe: dinov3, sources: [a], global_batch: 8}';

/** The longest time for which the event loop did not turn. */
async function longestStop(act: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  await act();
  clearInterval(timer);
  return longest;
}

test('a run is read as one of the config, and what is wrong with it comes as it was found', async () => {
  const reader = new InlineReader(config);
  const run = await reader.read(text);
  assert.deepEqual([run.name, run.recipe, run.global_batch], ['', 'dinov3', 8]);
  await assert.rejects(reader.read(text.replace('[a]', '[/etc]')), { reason: 'UNKNOWN_SOURCE', message: /inline run/ });
  assert.throws(() => reader.read(' '.repeat(bounds.inlineRun + 1)), { reason: 'TOO_MUCH_ASKED' });
});

test('texts that keep a parser busy keep nobody else, and end with the time for them', async () => {
  const reader = new InlineReader(config);
  await reader.read(text);
  const keys = Array.from({ length: 9000 }, (_, key) => `k${key}: 1`).join('\n');
  const stopped = await longestStop(async () => {
    await assert.rejects(reader.read('? '.repeat(400)), { reason: 'TOO_MUCH_ASKED', message: /within 1 s/ });
    await assert.rejects(reader.read(keys.slice(0, 60_000)), { reason: /UNKNOWN_KNOB|CONFIG_INVALID|TOO_MUCH_ASKED/ });
  });
  // A parser on this thread would take seconds; a machine that is busy with something else takes some of this.
  assert.ok(stopped < 500, `the event loop stood still for ${stopped} ms`);
  assert.equal((await reader.read(text)).recipe, 'dinov3', 'the next text is read');
});
