import { frameReader, frameStart } from './frames.js';
import { type NativeRequest, nativePixels } from './native-pixels.js';
import { putShared, takeShared } from './shared-file.js';

/** What lies in the shared file: so many bytes. Without it they follow. */
export interface Shared {
  readonly shared?: number;
}

/** What a decoder's process says: that it can begin, once, and then what became of each file. */
export type NativeAnswer =
  | (Shared & { readonly kind: 'ready' | 'pixels' })
  | { readonly kind: 'damaged'; readonly came: string };

// A decoder's process: one file after the other, until the thread that it belongs to is gone. See native-decoder.ts.
process.title = 'tributary decoder';
// A signal to all of a group is the replica's business, which may yet have batches to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
// An end in good order would wait for a decode.
const end = (): void => void process.kill(process.pid, 'SIGKILL');

/** The descriptor of a file in memory by which files come and pixels go, where the thread has given one. */
const sharedFile = process.argv[2] === 'shared' ? 3 : null;

function say(answer: NativeAnswer, body: Uint8Array = Buffer.alloc(0)): void {
  if (body.length > 0 && putShared(sharedFile, body))
    return void process.stdout.write(frameStart({ ...answer, shared: body.length }, 0));
  process.stdout.write(frameStart(answer, body.length));
  if (body.length > 0) process.stdout.write(body);
}

function taken(length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  takeShared(sharedFile!, bytes);
  return bytes;
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
  frameReader<NativeRequest & Shared>(
    (length) => Buffer.allocUnsafeSlow(length),
    ({ head, body }) => void decode(head, head.shared === undefined ? body : taken(head.shared)),
  ),
);
say({ kind: 'ready' });
