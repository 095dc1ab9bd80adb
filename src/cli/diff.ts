import { Command } from '@commander-js/extra-typings';
import { inSlices } from '../batch/slices.js';
import { shareOf } from '../plan/plan.js';
import { checkAddress } from '../run/address.js';
import { diffRuns } from '../run/run-difference.js';
import { whenHere } from '../sources/manifest/away.js';
import { configOption, readConfig, stepRange, wholeNumber } from './options.js';
import { indexedRuns } from './runs.js';

/** `diff`: which knobs of two runs differ, and which samples of some steps. */
export function diffCommand() {
  return new Command('diff')
    .description(
      'print in which knobs, sources and samples two runs differ, one JSON line each; exits with 1 where they do',
    )
    .argument('<run>', 'a run')
    .argument('<other>', 'another run')
    .addOption(configOption())
    .option('--other-config <file>', 'the config of the other run; the same where absent')
    .option('--epoch <e>', 'the epoch to compare samples in', wholeNumber, 0)
    .option('--steps <A..B>', 'the steps to compare samples of', stepRange, { first: 0, count: 1 })
    .action(async (left, right, { config, otherConfig, epoch, steps }) => {
      const one = await indexedRuns(await readConfig(config)).open({ name: left });
      const other = await indexedRuns(await readConfig(otherConfig ?? config)).open({ name: right });
      const lines: object[] = diffRuns(one.run, other.run).map((difference) => ({ ...difference }));
      for (const manifest of one.manifests) {
        const same = other.manifests.find(({ source }) => source === manifest.source);
        if (same !== undefined && same.fingerprint !== manifest.fingerprint)
          lines.push({ source: manifest.source, left: manifest.fingerprint, right: same.fingerprint });
      }
      for (const { bounds } of [one, other]) checkAddress(bounds, { epoch, step: steps.first + steps.count - 1 });
      for (let step = steps.first; step < steps.first + steps.count; step++) {
        const named = ({ manifests, plan }: typeof one) => {
          const { count, sample } = shareOf(plan, { epoch, step, rank: 0, worldSize: 1 });
          const nameOf = (slot: number) => {
            const { source, index, seed } = sample(slot);
            return `${manifests[source]!.source}/${manifests[source]!.key(index)} seed ${seed}`;
          };
          return whenHere(() => inSlices(count, nameOf));
        };
        const lefts = await named(one);
        const rights = await named(other);
        for (let slot = 0; slot < Math.max(lefts.length, rights.length); slot++)
          if (lefts[slot] !== rights[slot])
            lines.push({ epoch, step, slot, left: lefts[slot] ?? null, right: rights[slot] ?? null });
      }
      for (const line of lines) process.stdout.write(`${JSON.stringify(line)}\n`);
      if (lines.length > 0) process.exitCode = 1;
    });
}
