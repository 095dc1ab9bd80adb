import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** What ends a file that kills the decoders that it is given to. */
export const mark = 'deadly to decoders';

// Loaded into a replica and its decoders (node --import): a decoder that is handed a file with the mark dies as of a fault in native code.
if (process.argv[1]?.endsWith('native-process.js')) {
  const { readSync } = fs;
  fs.readSync = ((file: number, into: Buffer, ...more: []) => {
    const count = readSync(file, into, ...more);
    if (Buffer.from(into.buffer, into.byteOffset, into.byteLength).includes(mark)) process.kill(process.pid, 'SIGSEGV');
    return count;
  }) as typeof readSync;
  syncBuiltinESMExports();
}
