import { Command } from '@commander-js/extra-typings';
import { TributaryError } from '../errors.js';
import { findSample } from '../plan/find-sample.js';
import { checkAddress } from '../run/address.js';
import { suggestion } from '../run/similar-names.js';
import { configOption, positiveInteger, readConfig, wholeNumber } from './options.js';
import { indexedRuns } from './runs.js';

/** `find`: in which steps of an epoch a sample comes. */
export function findCommand() {
  return new Command('find')
    .description('print in which steps of an epoch a sample comes, one JSON line each')
    .addOption(configOption())
    .requiredOption('--run <name>', 'a run of the config')
    .requiredOption('--source <name>', 'the source')
    .requiredOption('--key <key>', "the sample's key")
    .option('--epoch <e>', 'the epoch', wholeNumber, 0)
    .option('--world-size <w>', 'the number of ranks', positiveInteger, 1)
    .action(async ({ config, run, source, key, epoch, worldSize }) => {
      const open = await indexedRuns(await readConfig(config)).open({ name: run });
      const place = open.manifests.findIndex((manifest) => manifest.source === source);
      if (place < 0)
        throw new TributaryError('UNKNOWN_SOURCE', {
          expected: `a source of run ${run}`,
          came: source,
          remedy: suggestion(source, open.run.sources),
        });
      const manifest = open.manifests[place]!;
      const index = manifest.find(key);
      if (index < 0)
        throw new TributaryError('UNKNOWN_KEY', {
          expected: `a key of source ${source}`,
          came: key,
          remedy: `Write keys like ${manifest.key(0)}`,
        });
      checkAddress(open.bounds, { epoch, worldSize });
      for (const found of findSample(open.plan, epoch, place, index, worldSize))
        process.stdout.write(`${JSON.stringify({ epoch, ...found })}\n`);
    });
}
