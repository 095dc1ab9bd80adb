import { once } from 'node:events';
import { Command } from '@commander-js/extra-typings';
import { planBatch } from '../batch/plan-batch.js';
import { WorkerPool } from '../batch/worker-pool.js';
import { batchSeed } from '../plan/hash.js';
import { namedResolution } from '../plan/resolution-at.js';
import { checkAddress } from '../run/address.js';
import { drawnJson } from '../sample/draw-sample.js';
import {
  configOption,
  evaluateOption,
  positiveInteger,
  readConfig,
  selected,
  splitOption,
  stepRange,
  wholeNumber,
} from './options.js';
import { indexedRuns } from './runs.js';

/** `plan`: what batches will hold, as JSON lines. */
export function planCommand() {
  return new Command('plan')
    .description('print what batches will hold, one JSON line each; nothing is decoded')
    .addOption(configOption())
    .requiredOption('--run <name>', 'a run of the config')
    .addOption(splitOption())
    .addOption(evaluateOption())
    .requiredOption('--epoch <e>', 'the epoch', wholeNumber)
    .requiredOption('--steps <A..B>', 'the steps, both ends included', stepRange)
    .option('--rank <r>', 'the rank', wholeNumber, 0)
    .option('--world-size <w>', 'the number of ranks', positiveInteger, 1)
    .option('--drawn', "add the drawn parameters, for which the images' headers are read")
    .action(async ({ config, epoch, steps, rank, worldSize, drawn, ...run }) => {
      const open = await indexedRuns(await readConfig(config)).open(selected(run));
      checkAddress(open.bounds, { epoch, step: steps.first + steps.count - 1, rank, worldSize });
      const pool = drawn === true ? new WorkerPool() : null;
      try {
        for (let step = steps.first; step < steps.first + steps.count; step++) {
          const address = { epoch, step, rank, worldSize };
          const samples = await planBatch(pool, open, address, drawn === true);
          const line = samples.map(({ label, draw, corrupt, ...sample }) => ({
            ...sample,
            ...(label === null ? {} : { label: label.index, class_name: label.name }),
            ...(draw === null ? {} : { drawn: drawnJson(draw) }),
            ...(corrupt === null ? {} : { corrupt }),
          }));
          const seed = batchSeed(open.run.seed, address);
          const told = { epoch, step, rank, world_size: worldSize, seed, ...namedResolution(open.run, address) };
          const text = `${JSON.stringify({ ...told, samples: line })}\n`;
          if (!process.stdout.write(text)) await once(process.stdout, 'drain');
        }
      } finally {
        await pool?.close();
      }
    });
}
