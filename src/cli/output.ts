import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { TributaryError } from '../errors.js';
import { makeFolder } from '../sources/storage/local/make-folder.js';

/**
 * Writes a file that a command was told to write: whole or not at all, whenever the process ends. Not asynchronous, so
 * that a signal is handled before or after, and leaves no part of a file behind.
 *
 * @throws TributaryError ARGUMENT_INVALID where it cannot be written.
 */
export function writeOutput(path: string, ...parts: readonly (Uint8Array | string)[]): void {
  const partial = `${path}.${process.pid}.partial`;
  try {
    // A device or a pipe is written to, and never replaced.
    const isReplaced = statSync(path, { throwIfNoEntry: false })?.isFile() !== false;
    const target = isReplaced ? partial : path;
    for (const [at, part] of parts.entries()) writeFileSync(target, part, { flag: at === 0 ? 'w' : 'a' });
    if (isReplaced) renameSync(partial, path);
  } catch (error) {
    remove(partial);
    throw unwritable(path, error as Error);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What could not be made need not be removed.
  }
}

/** Makes a folder that a command was told to write into. ARGUMENT_INVALID where it cannot be made. */
export async function makeOutputFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (error) {
    throw unwritable(path, error as Error);
  }
}

function unwritable(path: string, error: Error): TributaryError {
  // Node's message goes on with the call and its arguments, which are ours and not the user's.
  const [came] = error.message.split(/, \w+ '/);
  return new TributaryError('ARGUMENT_INVALID', {
    expected: `to write ${path}`,
    came: came!,
    remedy: 'Name a place that this process may write to and that has room',
    metadata: { path },
    cause: error,
  });
}
