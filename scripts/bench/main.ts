// `tributary bench`: throughput side by side with a PyTorch DataLoader. docs/performance.md says what is measured and how.

import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openBackend } from '../../src/augment/open-backend.js';
import { chart } from './chart.js';
import { type Contestant, contestants, dropFromCache } from './contestants.js';
import { batchSize, type FileSet, imageSize, makeFileSet, ownFileSet, runName, writeConfig } from './dataset.js';
import { firstBatchSeconds, startSeconds, startWithSamples } from './latency.js';
import { describeMachine } from './machine.js';
import { measure } from './measure.js';
import { type RunningReplica, startReplica, tributary } from './replica.js';
import { type Row, summarise } from './results.js';
import { median } from './statistics.js';
import { table } from './table.js';
import { type TrainerThread, trainerThread } from './trainer-thread.js';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '1024' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '5' },
    recipes: { type: 'string', default: 'dinov3,default' },
    sizes: { type: 'string', default: '500x375,1024x1024' },
    out: { type: 'string', default: 'out/bench' },
    only: { type: 'string' },
    folder: { type: 'string' },
    'start-samples': { type: 'string', default: '1000000' },
  },
});
const out = resolve(values.out);
const [images, seconds, rounds] = [Number(values.images), Number(values.seconds), Number(values.rounds)];
const recipes = values.recipes.split(',');
const isWanted = (name: string): boolean => values.only === undefined || values.only.split(',').includes(name);
const known = [...contestants.map(({ name }) => name), 'trainer-thread'];
const unknown = values.only?.split(',').filter((name) => !known.includes(name)) ?? [];
if (unknown.length > 0) {
  process.stderr.write(`expected --only some of ${known.join(', ')}, but got ${unknown.join(', ')}\n`);
  process.exit(2);
}
const chosen = contestants.filter(({ name }) => isWanted(name));
const say = (text: string): boolean => process.stderr.write(`${text}\n`);
const label = (name: string): string => contestants.find((contestant) => contestant.name === name)!.label;

async function webgpuAnswers(): Promise<string | null> {
  try {
    const backend = await openBackend('webgpu');
    await backend.close();
    return backend.description;
  } catch {
    return null;
  }
}

await mkdir(out, { recursive: true });
const machine = describeMachine();
say(`Files of ${values.sizes} in ${out}`);
const sets: FileSet[] = [];
if (values.folder !== undefined) sets.push(await ownFileSet(join(out, 'files'), values.folder, 4));
for (const name of values.sizes.split(',').filter((size) => size !== '')) {
  // Larger files take longer to draw, and fewer of them fill as many bytes.
  const pixels = name.split('x').reduce((area, side) => area * Number(side), 1);
  const count = Math.max(
    batchSize * 2,
    Math.round((images * Math.min(1, (500 * 375) / pixels)) / batchSize) * batchSize,
  );
  sets.push(await makeFileSet(join(out, 'files'), name, count));
}
const config = await writeConfig(out, sets, recipes);
await tributary('index', '--config', config);
const device = isWanted('webgpu') ? await webgpuAnswers() : null;
const replicas = new Map<string, RunningReplica>();
for (const backend of new Set(['simd', ...chosen.map(({ backend = 'simd' }) => backend)]))
  if (backend !== 'webgpu' || device !== null) replicas.set(backend, await startReplica(config, backend));
const thread: TrainerThread[] = [];
const rows: Row[] = [];
if (chosen.some(({ positions }) => positions)) {
  const positioned = await writeConfig(out, sets, recipes, 'positions');
  await tributary('index', '--positions', '--config', positioned);
  replicas.set('positions', await startReplica(positioned, 'simd'));
}
let epoch = 1;
const firstBatches: number[] = [];
const starts: number[] = [];
try {
  const once = async (contestant: Contestant, recipe: string, set: FileSet, round: number) => {
    if (contestant.isCold) dropFromCache(set);
    const measured = contestant.run({ recipe, set, seconds, epoch: epoch++, replicas });
    if (measured === null) return;
    const measurement = await measure(measured);
    const ofRecipe = contestant.ofRecipe ? recipe : null;
    rows.push({ contestant: contestant.name, recipe: ofRecipe, files: set.name, round, ...measurement });
    say(
      `round ${round + 1}/${rounds} ${set.name} ${ofRecipe ?? '-'} ${contestant.name}: ` +
        `${measurement.imagesPerSecond.toFixed(0)} images/s, load ${loadavg()[0]!.toFixed(1)}`,
    );
  };
  for (let round = 0; round < rounds; round++)
    for (const set of sets) {
      for (const contestant of chosen)
        for (const recipe of contestant.ofRecipe ? recipes : recipes.slice(0, 1))
          await once(contestant, recipe, set, round);
    }
  if (values.only === undefined) {
    const run = runName(recipes[0]!, sets[0]!, 'many');
    const epochs = Array.from({ length: 2 * rounds + 1 }, () => epoch++);
    firstBatches.push(...(await firstBatchSeconds(replicas.get('simd')!, run, epochs)));
  }
  if (isWanted('trainer-thread')) {
    const run = runName(recipes[0]!, sets[0]!, 'once');
    thread.push(...(await trainerThread(replicas.get('simd')!.address, run, { seconds, turns: rounds })));
  }
} finally {
  for (const replica of replicas.values()) await replica.stop();
}
let manyStarts: number[] = [];
if (values.only === undefined) {
  for (let time = 0; time < rounds; time++) starts.push(await startSeconds(config));
  const samples = Number(values['start-samples']);
  if (samples > 0) {
    say(`Starting replicas over ${samples} samples`);
    manyStarts = await startWithSamples(out, samples, Math.min(rounds, 3));
  }
}

const summaries = summarise(rows);
const result = {
  command: `npx --no-install tributary bench ${process.argv.slice(2).join(' ')}`.trim(),
  machine,
  batchSize,
  imageSize,
  rounds,
  seconds,
  webgpu: device,
  files: sets.map(({ name, count, bytes }) => ({ name, count, bytesPerFile: Math.round(bytes / count) })),
  firstBatchSeconds: firstBatches,
  startSeconds: starts,
  trainerThread: thread,
  startSecondsWithSamples: { samples: Number(values['start-samples']), seconds: manyStarts },
  summaries,
  rows,
};
const caption = `Batches of ${batchSize} at ${imageSize} x ${imageSize}, ${machine.cores} cores; median of ${rounds} rounds, line from least to most`;
await writeFile(join(out, 'bench.json'), `${JSON.stringify(result, null, 2)}\n`);
await writeFile(join(out, 'bench.svg'), chart(summaries, label, caption));

const write = (text: string): boolean => process.stdout.write(`${text}\n`);
write(
  `${machine.cores} cores (${machine.model}), node ${machine.node}, torch ${machine.torch}, sharp ${machine.sharp}`,
);
for (const { name, count, bytesPerFile } of result.files)
  write(`${name}: ${count} files of ${(bytesPerFile / 1000).toFixed(0)} kB on average`);
write(
  `Batches of ${batchSize} at ${imageSize} x ${imageSize}; medians of ${rounds} rounds of ${seconds} s; ratios by round\n`,
);
write(table(summaries, label));
for (const { asked, imagesPerSecond, ratio, ownMs, othersMs } of thread)
  write(
    `the trainer's thread beside the client, ${asked} images/s (${imagesPerSecond.toFixed(0)} came): ${ratio.toFixed(2)} of its time alone; ` +
      `CPU ${ownMs.toFixed(3)} ms an image in its process, ${othersMs.toFixed(3)} in receivers`,
  );
if (firstBatches.length > 0)
  write(`first batch of a warm, idle replica: ${median(firstBatches.slice(1)).toFixed(3)} s, its compute included`);
if (starts.length > 0) write(`start to serving: ${median(starts).toFixed(2)} s`);
if (manyStarts.length > 0)
  write(`start to serving, ${values['start-samples']} samples: ${median(manyStarts).toFixed(2)} s`);
if (device === null && isWanted('webgpu')) write('webgpu: not measured, as no device answers on this machine');
write(`\n${join(out, 'bench.json')}\n${join(out, 'bench.svg')}`);
