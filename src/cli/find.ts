import { Command } from '@commander-js/extra-typings';
import { TributaryError } from '../errors.js';
import { findSample } from '../plan/find-sample.js';
import { checkAddress } from '../run/address.js';
import { suggestion } from '../run/similar-names.js';
import { whenHere } from '../sources/manifest/away.js';
import { configOption, positiveInteger, readConfig, wholeNumber } from './options.js';
import { indexedRuns } from './runs.js';

/** `find`: in which steps of a run a sample comes. */
export function findCommand() {
  return new Command('find')
    .description('print in which steps of a run a sample comes, one JSON line each')
    .addOption(configOption())
    .requiredOption('--run <name>', 'a run of the config')
    .requiredOption('--source <name>', 'the source')
    .requiredOption('--key <key>', "the sample's key")
    .option('--epoch <e>', 'only this epoch; all of an evaluation are alike', wholeNumber)
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
      const index = await whenHere(() => manifest.find(key));
      if (index < 0)
        throw new TributaryError('UNKNOWN_KEY', {
          expected: `a key of source ${source}`,
          came: key,
          remedy: `Write keys like ${await whenHere(() => manifest.key(0))}`,
        });
      const first = epoch ?? 0;
      const last = epoch ?? (open.run.evaluate ? 0 : open.run.training.epochs - 1);
      checkAddress(open.bounds, { epoch: first, worldSize });
      for (let each = first; each <= last; each++)
        for (const found of findSample(open.plan, each, place, index, worldSize))
          process.stdout.write(`${JSON.stringify({ epoch: each, ...found })}\n`);
    });
}
