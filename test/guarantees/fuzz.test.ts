import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzTarget } from '../../scripts/fuzz/fuzz-target.js';
import { openTargets } from '../../scripts/fuzz/targets.js';

test('whatever a parser is given, it reads or refuses it', async (t) => {
  for (const [name, target] of Object.entries(await openTargets())) {
    const { executions, refused, found } = await fuzzTarget(target, { seed: 7, executions: 2_000, seconds: 0.25 });
    t.diagnostic(`${name}: ${executions} executions, ${refused} refused`);
    assert.deepEqual(
      found.map(({ why, bytes }) => `${why}: ${bytes.toString('hex', 0, 100)}`),
      [],
      name,
    );
  }
});
