import { Command } from '@commander-js/extra-typings';
import { realisedMixture } from '../plan/find-sample.js';
import { realisedResolutions } from '../plan/resolution-at.js';
import { checkAddress } from '../run/address.js';
import { configOption, readConfig, stepRange, wholeNumber } from './options.js';
import { indexedRuns } from './runs.js';

/** `mixture`: what sources a range of steps really takes its samples from. */
export function mixtureCommand() {
  return new Command('mixture')
    .description(
      'print how many samples of each source a range of steps holds, and how many steps have each resolution',
    )
    .addOption(configOption())
    .requiredOption('--run <name>', 'a run of the config')
    .option('--epoch <e>', 'the epoch', wholeNumber, 0)
    .option('--steps <A..B>', 'the steps, both ends included; the whole epoch where absent', stepRange)
    .action(async ({ config, run, epoch, steps }) => {
      const open = await indexedRuns(await readConfig(config)).open({ name: run });
      const { first, count } = steps ?? { first: 0, count: open.stepsPerEpoch };
      checkAddress(open.bounds, { epoch, step: first + count - 1 });
      for (const row of realisedMixture(open.plan, epoch, first, first + count))
        process.stdout.write(`${JSON.stringify(row)}\n`);
      for (const row of realisedResolutions(open.run, epoch, first, first + count))
        process.stdout.write(`${JSON.stringify(row)}\n`);
    });
}
