import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { indexedSamples, sevenRun, tributary } from '../fleet.js';

test('every source has a line, and their counts are the samples of the steps', async (t) => {
  const cwd = dirname(await indexedSamples(t, { whole: sevenRun({ image_size: 32 }) }));
  for (const [steps, samples] of [
    [[], 7 * 8],
    [['--steps', '2..4'], 3 * 8],
  ] as const) {
    const { code, stdout } = await tributary(['mixture', '--run', 'whole', ...steps], { cwd });
    assert.equal(code, 0);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { source: string; count: number });
    assert.equal(new Set(rows.map(({ source }) => source)).size, 7);
    assert.equal(
      rows.reduce((sum, { count }) => sum + count, 0),
      samples,
    );
  }
});
