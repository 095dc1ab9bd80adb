import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ServerCredentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { openBackend } from '../../src/augment/open-backend.js';
import { SampleCaches } from '../../src/cache/sample-caches.js';
import { indexedRuns } from '../../src/cli/runs.js';
import { parseConfig } from '../../src/run/config.js';
import { Metrics } from '../../src/server/metrics.js';
import { openReplica, type Replica } from '../../src/server/replica.js';
import { serveLoader, serveSchedule } from '../../src/server/start-server.js';
import { openOrIndexSource } from '../../src/sources/open-source.js';
import { temporaryFolder } from '../sources/tree.js';

const vectors = fileURLToPath(new URL('../../../test/vectors/images', import.meta.url));

/** A replica of one run, `small`, over the images of test/vectors, or of another source, in this process: 7 steps of 2 in each of 2 epochs. */
export async function smallReplica(
  t: TestContext,
  more: object = {},
  images: string | object = vectors,
): Promise<Replica> {
  const run = { ...smallRun, ...more };
  return replicaOf(t, await temporaryFolder(t), { sources: { images }, runs: { small: run } });
}

/** The run `small`. */
export const smallRun = { recipe: 'dinov3', sources: ['images'], image_size: 32, global_batch: 2, epochs: 2, seed: 3 };

/** A replica of a config whose manifests lie in a folder, in this process. */
export async function replicaOf(
  t: TestContext,
  folder: string,
  config: object,
  open = openOrIndexSource,
): Promise<Replica> {
  const text = JSON.stringify({ index: `${folder}/index`, ...config });
  const replica = openReplica({
    runs: indexedRuns(parseConfig(text, { folder, name: 'test' }), open),
    backend: await openBackend('simd'),
    workers: 1,
    memory: 2 ** 26,
    caches: new SampleCaches({ memory: 0, decoded: 0 }, null),
    metrics: new Metrics(),
    log: pino({ level: 'silent' }),
  });
  t.after(() => replica.close());
  return replica;
}

/** Serves a replica; returns where. */
export async function serving(t: TestContext, replica: Replica): Promise<string> {
  const credentials = ServerCredentials.createInsecure();
  const { port, drain } = await serveLoader(replica, { listen: '127.0.0.1:0', credentials });
  t.after(() => drain(0));
  return `127.0.0.1:${port}`;
}

/** Serves the schedule of a replica's runs; returns where. */
export async function servingSchedule(t: TestContext, { runs, log }: Replica): Promise<string> {
  const credentials = ServerCredentials.createInsecure();
  const { port, drain } = await serveSchedule(runs, log, { listen: '127.0.0.1:0', credentials });
  t.after(() => drain(0));
  return `127.0.0.1:${port}`;
}
