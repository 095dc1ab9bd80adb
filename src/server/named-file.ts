import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { TributaryError } from '../errors.js';
import { dotted } from '../run/problems.js';

/** The text of a file that an option names. @throws TributaryError CONFIG_UNREADABLE where it cannot be read. */
export async function textOf(path: string, remedy: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const came = (error as Error).message;
    throw new TributaryError('CONFIG_UNREADABLE', { expected: `to read ${path}`, came, remedy, cause: error });
  }
}

/** What is wrong with a file, in one line. */
export function issuesOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${dotted(path)}: ${message}`).join('; ');
}
