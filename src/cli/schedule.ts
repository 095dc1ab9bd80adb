import { pino } from 'pino';
import { isLoopback, secure } from '../server/credentials.js';
import { serveSchedule } from '../server/start-server.js';
import { openTokens } from '../server/tokens.js';
import { openSource } from '../sources/open-source.js';
import { drainOnSignal } from './drain.js';
import { listeningCommand } from './listening.js';
import { readConfig } from './options.js';
import { indexedRuns } from './runs.js';
import { tellExpiry } from './tell-expiry.js';

/** `schedule`: the schedule endpoint, a process of its own. */
export function scheduleCommand() {
  return listeningCommand('schedule')
    .description("serve each epoch's weight decay and learning-rate factor")
    .action(async (flags) => {
      const log = pino({ level: flags.logLevel });
      const config = await readConfig(flags.config);
      const security = await secure(flags);
      tellExpiry(security.pemFiles, log);
      const tokens = await openTokens(flags, log);
      const runs = indexedRuns(config, openSource, isLoopback(flags.listen));
      for (const { run, fingerprint } of await runs.openAll()) log.info({ run: run.name, fingerprint }, 'run');
      const listening = await serveSchedule(runs, log, { ...flags, ...security }, tokens);
      log.info({ port: listening.port, metricsPort: listening.metricsPort }, 'serving');
      await drainOnSignal(log, listening, 5);
    });
}
