import { pino } from 'pino';
import { openBackend } from '../augment/open-backend.js';
import { isLoopback, serverCredentials } from '../server/credentials.js';
import { Metrics } from '../server/metrics.js';
import { openReplica } from '../server/replica.js';
import { serveLoader } from '../server/start-server.js';
import { openOrIndexSource, openSource } from '../sources/open-source.js';
import { openCaches } from './caching.js';
import { drainOnSignal } from './drain.js';
import { listeningCommand } from './listening.js';
import { backendOption, byteSize, readConfig, seconds, workersOption } from './options.js';
import { indexedRuns } from './runs.js';

/** `serve`: a loader replica. */
export function serveCommand() {
  return listeningCommand('serve')
    .description('serve batches: a loader replica')
    .addOption(backendOption())
    .addOption(workersOption())
    .option('--memory <size>', 'bytes for batches in preparation and for those kept', byteSize, 2 ** 30)
    .option('--cache-memory <size>', 'bytes of memory for encoded files', byteSize, 0)
    .option('--cache-folder <folder>', 'local folder for encoded files')
    .option('--cache-disk <size>', 'bytes that may lie in the cache folder', byteSize)
    .option('--cache-decoded <size>', 'bytes of memory for decoded images', byteSize, 0)
    .option('--index-missing', 'index sources that have no manifest before serving')
    .option('--drain-seconds <n>', 'time for open streams to end on SIGTERM', seconds, 20)
    .action(async (flags) => {
      const log = pino({ level: flags.logLevel });
      const config = await readConfig(flags.config);
      const credentials = await serverCredentials(flags);
      const openOrIndex: typeof openSource = (options) =>
        openOrIndexSource(options, ({ count, leftOut, losses, warnings }) => {
          const isWhole = losses.length + warnings.length === 0;
          const found = { source: options.name, split: options.split, count, leftOut, losses, warnings };
          log[isWhole ? 'info' : 'warn'](found, 'indexed');
        });
      const runs = indexedRuns(config, flags.indexMissing ? openOrIndex : openSource, isLoopback(flags.listen));
      const [opened, caches] = await Promise.all([runs.openAll(), openCaches(flags, log)]);
      const metrics = new Metrics();
      const backend = await openBackend(flags.backend);
      const { workers, memory } = flags;
      const replica = openReplica({ runs, backend, workers, memory, caches, metrics, log });
      try {
        const listening = await serveLoader(replica, { ...flags, credentials });
        for (const { run, fingerprint, stepsPerEpoch } of opened)
          log.info({ run: run.name, fingerprint, stepsPerEpoch, epochs: run.training.epochs }, 'run');
        const { port, metricsPort } = listening;
        log.info({ port, metricsPort, backend: backend.name, device: backend.description, workers }, 'serving');
        await drainOnSignal(log, listening, flags.drainSeconds);
      } finally {
        await replica.close();
      }
    });
}
