import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { startServer, temporaryFolder, tributary } from '../fleet.js';
import { mark } from './deadly-mark.js';
import { all, loaderOn } from './epoch.js';

const run = { recipe: 'dinov3', sources: ['webp'], image_size: 32, global_batch: 6, epochs: 2 };
const runs = { kept: { ...run, max_corrupt: 1 }, strict: { ...run, on_corrupt: 'fail', max_corrupt: 1 } };

test('a file that kills its decoders costs its own slot, by name, on every replica alike, and no replica', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'webp'));
  for (let number = 0; number < 12; number++) {
    const background = { r: 20 * number, g: 90, b: 60 };
    const file = await sharp({ create: { width: 40, height: 30, channels: 3, background } })
      .webp()
      .toBuffer();
    await writeFile(
      join(folder, 'webp', `${number}.webp`),
      Buffer.concat([file, Buffer.from(number === 7 ? mark : '')]),
    );
  }
  const config = join(folder, 'tributary.yaml');
  await writeFile(config, stringify({ sources: { webp: './webp' }, runs }));
  assert.equal((await tributary(['index', '--config', config])).code, 0);
  const env = { NODE_OPTIONS: `--import=${new URL('./deadly-mark.js', import.meta.url).href}` };
  const replicas = await Promise.all(
    ['1', '2'].map((workers) => startServer(t, 'serve', ['--config', config, '--workers', workers], { env })),
  );
  const [batches, others] = await Promise.all(
    replicas.map(async (replica) => all((await loaderOn(t, [replica], 'kept')).batches(0))),
  );
  assert.equal(batches!.length, 2);
  for (const [step, batch] of batches!.entries()) {
    assert.deepEqual(others![step]!.header, batch.header);
    assert.ok(others![step]!.data.equals(batch.data));
  }
  const substituted = batches!
    .flatMap(({ header }) => header.samples)
    .filter(({ corruptKeys }) => corruptKeys.length > 0);
  assert.deepEqual(
    substituted.map(({ corruptKeys, corruptReasons }) => [corruptKeys, corruptReasons]),
    [[['7.webp'], ['DECODER_CRASHED']]],
  );
  const strict = await loaderOn(t, replicas, 'strict');
  await assert.rejects(all(strict.batches(0)), (error: { reason: string; metadata: Record<string, string> }) => {
    assert.deepEqual(
      [error.reason, error.metadata.key, error.metadata.cause],
      ['SAMPLE_CORRUPT', '7.webp', 'DECODER_CRASHED'],
    );
    return true;
  });
  assert.deepEqual(
    replicas.map((replica) => replica.process.exitCode),
    [null, null],
  );
});
