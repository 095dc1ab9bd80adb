import { ftruncateSync, writeSync } from 'node:fs';
import { frameReader, frameStart } from './frames.js';
import { type NativeRequest, nativePixels } from './native-pixels.js';

/** What a decoder's process says: that it can begin, once, and then what became of each file. */
export type NativeAnswer =
  /** `shared` bytes of pixels lie in the shared file, or else they follow. */
  { readonly kind: 'ready' | 'pixels'; readonly shared?: number } | { readonly kind: 'damaged'; readonly came: string };

// A decoder's process: one file after the other, until the thread that it belongs to is gone. See native-decoder.ts.
process.title = 'tributary decoder';
// A signal to all of a group is the replica's business, which may yet have batches to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
// An end in good order would wait for a decode.
const end = (): void => void process.kill(process.pid, 'SIGKILL');

/** The descriptor of a file in memory that the thread reads pixels from, where it has given one. */
const sharedFile = process.argv[2] === 'shared' ? 3 : null;

function say(answer: NativeAnswer, body: Uint8Array = Buffer.alloc(0)): void {
  if (body.length > 0 && hasShared(body))
    return void process.stdout.write(frameStart({ ...answer, shared: body.length }, 0));
  process.stdout.write(frameStart(answer, body.length));
  if (body.length > 0) process.stdout.write(body);
}

/** Whether pixels found room in the shared file: through a pipe they would go in many pieces, and wake the other side for each. */
function hasShared(body: Uint8Array): boolean {
  if (sharedFile === null) return false;
  try {
    for (let at = 0; at < body.length; ) at += writeSync(sharedFile, body, at, body.length - at, at);
    return true;
  } catch {
    ftruncateSync(sharedFile, 0);
    return false;
  }
}

async function decode(asked: NativeRequest, bytes: Buffer): Promise<void> {
  try {
    say({ kind: 'pixels' }, await nativePixels(bytes, asked));
  } catch (error) {
    say({ kind: 'damaged', came: error instanceof Error ? error.message : String(error) });
  }
}

process.stdout.on('error', end);
process.stdin.on('error', end).on('end', end);
process.stdin.on(
  'data',
  frameReader<NativeRequest>(
    (length) => Buffer.allocUnsafeSlow(length),
    ({ head, body }) => void decode(head, body),
  ),
);
say({ kind: 'ready' });
