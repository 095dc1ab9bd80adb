// The TypeScript client, measured as a trainer uses it, and how long it holds the trainer's event loop. One argument, JSON: address,
// run, epoch, seconds; again, to stream the same epoch over and over, which a replica answers from its memory.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Loader } from '../../src/client/loader.js';
import { begin, end } from './child-events.js';

const warm = 4;
const asked = JSON.parse(process.argv[2]!) as {
  address: string;
  run: string;
  epoch: number;
  seconds: number;
  again?: boolean;
};

async function* passes(loader: Loader) {
  for (let epoch = asked.epoch; ; epoch += asked.again ? 0 : 1) yield* loader.batches(epoch);
}

const loader = await Loader.connect({ address: asked.address, run: { name: asked.run } });
const delay = monitorEventLoopDelay({ resolution: 1 });
const first = asked.again ? (await loader.describe()).stepsPerEpoch : warm;
let [index, images, start] = [0, 0, 0];
for await (const batch of passes(loader)) {
  if (index === first) {
    start = begin();
    delay.enable();
  } else if (index > first) {
    images += batch.header.samples.length;
    if (performance.now() - start >= 1000 * asked.seconds) break;
  }
  index++;
}
delay.disable();
// The monitor's own millisecond is no delay.
end(images, start, { 'loop p99': delay.percentile(99) / 1e6 - 1, 'longest stall': delay.max / 1e6 - 1 });
loader.close();
