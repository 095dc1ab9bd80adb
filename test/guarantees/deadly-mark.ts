/** What ends a file that kills the decoders that it is given to. */
export const mark = 'deadly to decoders';

// Loaded into a replica and its decoders (node --import): a decoder that is handed a file with the mark dies as of a fault in native code.
if (process.argv[1]?.endsWith('native-process.js')) {
  const { stdin } = process;
  const push = stdin.push.bind(stdin);
  stdin.push = (chunk: Buffer | null) => {
    if (chunk?.includes(mark)) process.kill(process.pid, 'SIGSEGV');
    return push(chunk);
  };
}
