import { type Arena, none } from '../memory/arena.js';
import type { FileReader } from './lookup.js';

/** Reads from the encoded files in memory, and puts there what the next reader has read, unless it is held decoded. */
export function memoryReader(arena: Arena, next: FileReader): FileReader {
  return async (lookup) => {
    const { whereabouts, location, news } = lookup;
    if (whereabouts.in === 'memory') {
      const bytes = Buffer.allocUnsafeSlow(location.length);
      arena.read(whereabouts.chain, 0, location.length, bytes);
      return { bytes, end: async () => {} };
    }
    const file = await next(lookup);
    return {
      bytes: file.bytes,
      async end() {
        await file.end();
        if (arena.totalBytes === 0 || news.some((item) => item.kind === 'filled' && item.cache === 'decoded')) return;
        const chain = arena.take(file.bytes.length);
        if (chain === none) news.push({ kind: 'full', cache: 'memory' });
        else {
          arena.write(chain, file.bytes);
          news.push({ kind: 'filled', cache: 'memory', chain });
        }
      },
    };
  };
}
