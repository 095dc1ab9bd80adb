// Decoding with sharp alone, whole files from memory to raw pixels, on every core: the ceiling of a loader that uses it.
// One argument, JSON: folder, workers, seconds.
import sharp from 'sharp';
import { begin, end } from './child-events.js';
import { readFiles } from './sample-files.js';

const asked = JSON.parse(process.argv[2]!) as { folder: string; workers: number; seconds: number };
sharp.concurrency(1);
sharp.cache(false);
const files = await readFiles(asked.folder, 256);
const decode = (index: number) =>
  sharp(files[index % files.length]!)
    .raw()
    .toBuffer();
await Promise.all(files.slice(0, 16).map((_, index) => decode(index)));
let [next, images] = [0, 0];
const start = begin();
await Promise.all(
  Array.from({ length: 2 * asked.workers }, async () => {
    while (performance.now() - start < 1000 * asked.seconds) {
      await decode(next++);
      images++;
    }
  }),
);
end(images, start);
