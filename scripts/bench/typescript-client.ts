// The TypeScript client, measured as a trainer uses it. One argument, JSON: address, run, epoch, seconds.
import { Loader } from '../../src/client/loader.js';
import { begin, end } from './child-events.js';

const warm = 4;
const asked = JSON.parse(process.argv[2]!) as { address: string; run: string; epoch: number; seconds: number };

async function* passes(loader: Loader) {
  for (let epoch = asked.epoch; ; epoch++) yield* loader.batches(epoch);
}

const loader = await Loader.connect({ address: asked.address, run: { name: asked.run } });
let [index, images, start] = [0, 0, 0];
for await (const batch of passes(loader)) {
  if (index === warm) start = begin();
  else if (index > warm) {
    images += batch.header.shape[0]!;
    if (performance.now() - start >= 1000 * asked.seconds) break;
  }
  index++;
}
end(images, start);
loader.close();
