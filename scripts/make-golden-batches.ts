/**
 * Rewrites test/guarantees/golden.json from a replica of this build. A change of that file is a decision: it changes what
 * runs under way are fed.
 *
 *     node dist/scripts/make-golden-batches.js
 */
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { indexedSamples, startServer } from '../test/fleet.js';
import { all, loaderOn } from '../test/guarantees/epoch.js';
import { golden, goldenRuns, goldenSteps } from '../test/guarantees/golden.js';

// The processes of tests end with a test.
test('golden batches', async (t) => {
  const replica = await startServer(t, 'serve', ['--config', await indexedSamples(t, { ...goldenRuns })]);
  const batches: Record<string, string[][]> = {};
  for (const run of Object.keys(goldenRuns)) {
    const loader = await loaderOn(t, [replica], run);
    batches[run] = (await all(loader.batches(1, 0, goldenSteps.length))).map(golden);
  }
  const file = fileURLToPath(new URL('../../test/guarantees/golden.json', import.meta.url));
  await writeFile(file, `${JSON.stringify(batches, null, 1)}\n`);
});
