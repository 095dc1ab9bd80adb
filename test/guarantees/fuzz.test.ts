import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTargets } from '../../scripts/fuzz/targets.js';
import { fuzz } from '../../scripts/fuzz.js';

test('whatever a parser is given, it reads or refuses it', async (t) => {
  for (const [name, target] of Object.entries(await openTargets())) {
    const { executions, refused, found } = await fuzz(target, 7, 5_000, 0.7);
    t.diagnostic(`${name}: ${executions} executions, ${refused} refused`);
    assert.deepEqual(
      found.map(({ why, bytes }) => `${why}: ${bytes.toString('hex', 0, 100)}`),
      [],
      name,
    );
  }
});
