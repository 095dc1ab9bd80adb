import { Command } from 'commander';
import { pino } from 'pino';
import { openBackend } from '../augment/open-backend.js';
import { serverCredentials } from '../server/credentials.js';
import { Metrics } from '../server/metrics.js';
import { Replica } from '../server/replica.js';
import { serveLoader } from '../server/start-server.js';
import { openCaches, withCaching } from './caching.js';
import { drainOnSignal } from './drain.js';
import { withListening } from './listening.js';
import { backendOption, byteSize, configOption, readConfig, seconds, workersOption } from './options.js';
import { indexedRuns, runsIndexedOnTheWay } from './runs.js';

/** `serve`: a loader replica. */
export function serveCommand(): Command {
  return withCaching(withListening(new Command('serve').description('serve batches: a loader replica')))
    .addOption(configOption())
    .addOption(backendOption())
    .addOption(workersOption())
    .option('--memory <size>', 'bytes for batches in preparation and for those kept', byteSize, 2 ** 30)
    .option('--index-missing', 'index sources that have no manifest before serving')
    .option('--drain-seconds <n>', 'time for open streams to end on SIGTERM', seconds, 20)
    .action(async (flags) => {
      const log = pino({ level: flags.logLevel });
      const config = await readConfig(flags.config);
      const credentials = await serverCredentials(flags);
      const runs = flags.indexMissing ? runsIndexedOnTheWay(config) : indexedRuns(config);
      const [opened, caches] = await Promise.all([runs.openAll(), openCaches(flags, log)]);
      const metrics = new Metrics();
      const backend = await openBackend(flags.backend);
      const { workers, memory } = flags;
      const replica = new Replica({ runs, backend, workers, memory, caches, metrics, log });
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
