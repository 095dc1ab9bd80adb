import { Option } from '@commander-js/extra-typings';
import { type Logger, pino } from 'pino';
import { openBackend } from '../augment/open-backend.js';
import { isLoopback, secure, type TransportOptions } from '../server/credentials.js';
import { Metrics } from '../server/metrics.js';
import { openReplica } from '../server/replica.js';
import { serveLoader } from '../server/start-server.js';
import { openTokens } from '../server/tokens.js';
import { openOrIndexSource, openSource } from '../sources/open-source.js';
import { checkMemory, openCaches } from './caching.js';
import cpus from './cpus.cjs';
import { drainOnSignal } from './drain.js';
import { listeningCommand } from './listening.js';
import { backendOption, byteSize, positiveInteger, readConfig, seconds, workersOption } from './options.js';
import { isFirst, isOneOfSeveral, shareMetrics, shareReadiness, startProcesses } from './processes.js';
import { indexedRuns } from './runs.js';
import { tellExpiry } from './tell-expiry.js';

/** `serve`: a loader replica. */
export function serveCommand() {
  return listeningCommand('serve')
    .description('serve batches: a loader replica')
    .addOption(backendOption())
    .addOption(workersOption())
    .addOption(
      new Option('--processes <n|auto>', 'processes that share the address, the worker threads and the memory')
        .argParser(processes)
        .default(1, '1'),
    )
    .option('--memory <size>', 'bytes for batches in preparation and for those kept', byteSize, 2 ** 30)
    .option('--cache-memory <size>', 'bytes of memory for encoded files', byteSize, 0)
    .option('--cache-folder <folder>', 'local folder for encoded files')
    .option('--cache-disk <size>', 'bytes that may lie in the cache folder', byteSize)
    .option('--cache-decoded <size>', 'bytes of memory for decoded images', byteSize, 0)
    .option('--index-missing', 'index sources that have no manifest before serving')
    .option('--drain-seconds <n>', 'time for open streams to end on SIGTERM', seconds, 20)
    .action(async (flags) => {
      const log = pino({ level: flags.logLevel });
      if (flags.processes > 1 && !isOneOfSeveral) return serveInProcesses(flags, log);
      const config = await readConfig(flags.config);
      const security = await secure(flags);
      if (isFirst) tellExpiry(security.pemFiles, log);
      const tokens = await openTokens(flags, log);
      const openOrIndex: typeof openSource = (options) =>
        openOrIndexSource(options, ({ count, leftOut, losses, warnings }) => {
          const isWhole = losses.length + warnings.length === 0;
          const found = { source: options.name, split: options.split, count, leftOut, losses, warnings };
          log[isWhole ? 'info' : 'warn'](found, 'indexed');
        });
      const open: typeof openSource = (options) => {
        const onUnusedPositions = (path: string, why: string): void => {
          if (isFirst) log.warn({ source: options.name, path, why }, 'positions not used');
        };
        return (flags.indexMissing ? openOrIndex : openSource)({ ...options, onUnusedPositions });
      };
      const runs = indexedRuns(config, open, isLoopback(flags.listen));
      const part = partOf(flags);
      const [opened, caches] = await Promise.all([runs.openAll(), openCaches(part, log)]);
      const metrics = new Metrics();
      const backend = await openBackend(flags.backend);
      const { workers, memory, processes } = part;
      const replica = openReplica({ runs, backend, workers, processes, memory, caches, metrics, log, tokens });
      try {
        await replica.pool.ready;
        const listening = await serveLoader(replica, { ...part, ...security });
        if (isOneOfSeveral) {
          shareMetrics(metrics.registry);
          shareReadiness(listening);
        }
        if (isFirst)
          for (const { run, fingerprint, stepsPerEpoch } of opened)
            log.info({ run: run.name, fingerprint, stepsPerEpoch, epochs: run.training.epochs }, 'run');
        const { port, metricsPort } = listening;
        const serving = { port, metricsPort, backend: backend.name, device: backend.description, workers };
        if (isOneOfSeveral) log.info(serving, 'process serves');
        else log.info(serving, 'serving');
        await drainOnSignal(log, listening, flags.drainSeconds);
      } finally {
        await replica.close();
      }
    });
}

/** What of the flags is shared out among a replica's processes. */
interface Shared {
  readonly processes: number;
  readonly workers: number;
  readonly memory: number;
  readonly cacheMemory: number;
  readonly cacheDecoded: number;
  readonly metricsListen?: string | undefined;
}

/** One process's part: metrics are served by whoever started it. */
function partOf<Flags extends Shared>(flags: Flags): Flags {
  if (!isOneOfSeveral) return flags;
  const { processes, workers, memory, cacheMemory, cacheDecoded } = flags;
  const part = (bytes: number): number => Math.floor(bytes / processes);
  return {
    ...flags,
    workers: Math.ceil(workers / processes),
    memory: part(memory),
    cacheMemory: part(cacheMemory),
    cacheDecoded: part(cacheDecoded),
    metricsListen: undefined,
  };
}

/** Serves in several processes until a signal comes. */
async function serveInProcesses(
  flags: Shared & TransportOptions & { drainSeconds: number },
  log: Logger,
): Promise<void> {
  const { processes: count, metricsListen, workers } = flags;
  const { pemFiles } = await secure(flags);
  checkMemory(flags);
  // Each reads with threads of its own.
  const env = { UV_THREADPOOL_SIZE: String(4 + 8 * Math.ceil(workers / count)) };
  const listening = await startProcesses({ count, metricsListen, pemFiles, env, log });
  const { port, metricsPort } = listening;
  log.info({ port, metricsPort, processes: count, workers }, 'serving');
  await drainOnSignal(log, listening, flags.drainSeconds);
}

/** CPUs that one main thread has enough to do for. */
const cpusPerProcess = 12;

/** Parses a number of processes, or `auto`. */
function processes(text: string): number {
  return text === 'auto' ? Math.ceil(cpus() / cpusPerProcess) : positiveInteger(text);
}
