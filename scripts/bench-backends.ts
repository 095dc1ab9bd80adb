// Measures the photometric backends: `npx tsc && node dist/scripts/bench-backends.js [--size 224] [--images 32] [--batches 10]
// [BACKEND...]`. Draws are those of the recipe dinov3; images are noise. CPU counts every thread of the process; the longest
// stall is how long a batch held the caller's event loop at most.
import { createHash } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { BackendName } from '../src/augment/backend.js';
import { openBackend } from '../src/augment/open-backend.js';
import { resolveKnobs } from '../src/run/knobs.js';
import { drawTrain } from '../src/sample/draw-train.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '224' },
    images: { type: 'string', default: '32' },
    batches: { type: 'string', default: '10' },
  },
});
const [size, count, batches] = [Number(values.size), Number(values.images), Number(values.batches)];
const names = (positionals.length > 0 ? positionals : ['webasm', 'cpu', 'simd']) as BackendName[];

const knobs = resolveKnobs('dinov3', {});
const draws = Array.from({ length: count }, (_, seed) => drawTrain(seed, { width: 500, height: 375 }, size, knobs));
const images = new Uint8Array(count * size * size * 3);
for (let i = 0; i < images.length; i++) images[i] = Math.imul(i + 1, 2654435761) >>> 24;
const blurs = draws.filter(({ blur }) => blur !== null).length;
console.log(`${batches} batches of ${count} images of ${size} x ${size}, ${blurs} blurred`);

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1]!;

for (const name of names) {
  const opening = performance.now();
  const backend = await openBackend(name);
  const open = performance.now() - opening;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const [wall, cpu, stall]: [number[], number[], number[]] = [[], [], []];
  let digest = '';
  for (let k = 0; k <= batches; k++) {
    const pixels = images.slice();
    await new Promise(setImmediate);
    delay.reset();
    const used = process.cpuUsage();
    const start = performance.now();
    await backend.apply(pixels, size, draws);
    wall.push((performance.now() - start) / count);
    const { user, system } = process.cpuUsage(used);
    cpu.push((user + system) / 1000 / count);
    // the monitor's own timer must fire once more to see a stall that has just ended
    await new Promise((resolve) => setTimeout(resolve, 5));
    stall.push(delay.max / 1e6);
    digest = createHash('sha1').update(pixels).digest('hex').slice(0, 12);
  }
  const first = wall.shift()! * count;
  cpu.shift();
  stall.shift();
  const cells = [
    `CPU ${median(cpu).toFixed(2)} ms an image`,
    `wall ${median(wall).toFixed(2)} ms an image`,
    `longest stall ${median(stall).toFixed(1)} ms a batch`,
    `open ${open.toFixed(0)} ms`,
    `first batch ${first.toFixed(0)} ms`,
    `bytes ${digest}`,
  ];
  console.log(`${backend.description}: ${cells.join(', ')}`);
  await backend.close();
}
