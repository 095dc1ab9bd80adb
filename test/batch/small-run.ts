import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { indexedRuns } from '../../src/cli/runs.js';
import { parseConfig } from '../../src/run/config.js';
import type { OpenRun } from '../../src/runs/open-run.js';
import { openOrIndexSource } from '../../src/sources/open-source.js';
import { temporaryFolder } from '../sources/tree.js';

/** A run over the images of test/vectors, or another folder, with these knobs on top. */
export async function smallRun(t: TestContext, more: object = {}, images = vectors): Promise<OpenRun> {
  const folder = await temporaryFolder(t);
  const run = { recipe: 'dinov3', sources: ['images'], image_size: 48, global_batch: 6, epochs: 2, seed: 3, ...more };
  const text = JSON.stringify({ index: `${folder}/index`, sources: { images }, runs: { small: run } });
  return indexedRuns(parseConfig(text, { folder, name: 'test' }), openOrIndexSource).open({ name: 'small' });
}

const vectors = fileURLToPath(new URL('../../../test/vectors/images', import.meta.url));
