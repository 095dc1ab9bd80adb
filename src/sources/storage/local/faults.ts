import { StorageFault } from '../storage.js';

/** Errors that are the file's own and will not pass. Every other error is the file system's. */
const permanent: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
  'ENXIO',
  'EINVAL',
]);

/** Whether an error says that nothing lies at a path. */
export function isNothing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** What an error of the file system is to those above; an error that is none stays what it is. */
export function faultOf(url: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof StorageFault || code === undefined) return error;
  return new StorageFault(url, code, !permanent.has(code), message, error);
}
