import { fill } from './storage.js';
import { storageOf } from './storages.js';
import { readable } from './unreadable.js';

const windowBytes = 1024 * 1024;

/**
 * The lines of a file of any storage, UTF-8, without empty ones, in bounded memory.
 *
 * @throws TributaryError as `unreadable`
 */
export async function* linesOf(url: string): AsyncGenerator<string, void> {
  const storage = storageOf(url);
  const file = await readable(storage.open(storage.resolve(url)));
  try {
    const window = Buffer.alloc(windowBytes);
    let rest: Buffer = Buffer.alloc(0);
    for (let at = 0; at < file.size; ) {
      const count = await readable(fill(file, window, at));
      if (count === 0) break;
      at += count;
      const text = Buffer.concat([rest, window.subarray(0, count)]);
      const end = text.lastIndexOf(0x0a) + 1;
      rest = text.subarray(end);
      yield* whole(text.subarray(0, end));
    }
    yield* whole(rest);
  } finally {
    file.close();
  }
}

function whole(text: Buffer): string[] {
  return text.toString('utf8').split(/\r?\n/).filter(Boolean);
}
