import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from '@commander-js/extra-typings';
import { TributaryError } from '../errors.js';
import { positiveInteger, wholeNumber } from './options.js';

/** `bench`: throughput side by side with a PyTorch DataLoader, by the harness of scripts/bench in a process of its own. */
export function benchCommand() {
  return new Command('bench')
    .description('measure throughput side by side with a PyTorch DataLoader')
    .option('--images <n>', 'files of 500 x 375 to draw; fewer of larger sizes', positiveInteger, 1024)
    .option('--seconds <n>', 'measured time of each contestant in a round', positiveInteger, 8)
    .option('--rounds <n>', 'rounds, each of which runs every contestant once', positiveInteger, 5)
    .option('--recipes <names>', 'recipes, with commas between; crop is crop and flip alone', 'dinov3,default')
    .option('--sizes <sizes>', 'sizes of the files, with commas between', '500x375,1024x1024')
    .option('--folder <folder>', 'JPEG files of your own, measured beside the drawn ones')
    .option('--out <folder>', 'where files, bench.json and bench.svg go', 'out/bench')
    .option('--only <names>', 'only these contestants, with commas between')
    .option('--start-samples <n>', 'samples of the source whose start is measured; 0 for none', wholeNumber, 1_000_000)
    .action(async (flags) => {
      const harness = fileURLToPath(new URL('../../scripts/bench/main.js', import.meta.url));
      if (!existsSync(harness))
        throw new TributaryError('ARGUMENT_INVALID', {
          expected: 'the bench harness, which only a checkout has',
          came: `none at ${harness}`,
          remedy: 'Clone the repository, run npm ci and npm run build, and start the bench there',
        });
      const args = Object.entries(flags).map(([name, value]) => `--${kebab(name)}=${value}`);
      const child = spawn(process.execPath, [harness, ...args], { stdio: 'inherit' });
      process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
    });
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
