import { TributaryError } from '../../errors.js';
import { httpStore } from './http/http-store.js';
import { hubStore } from './hub/hub-store.js';
import { localFiles } from './local/local-files.js';
import { objectStorage } from './objects/object-storage.js';
import { s3Store } from './s3/s3-store.js';
import type { SourceStorage } from './storage.js';

/** Every storage by the scheme of its URLs. A plain path has none and is a local file. */
const storages: Readonly<Record<string, SourceStorage>> = storagesByScheme();

function storagesByScheme(): Record<string, SourceStorage> {
  const http = objectStorage(httpStore());
  const s3 = objectStorage(s3Store());
  return {
    file: localFiles(),
    http,
    https: http,
    s3,
    's3+http': s3,
    's3+https': s3,
    gs: s3,
    hf: objectStorage(hubStore()),
  };
}

/**
 * The storage of a URL. Only URLs cross threads: each thread finds its own storage by it.
 *
 * @throws TributaryError CONFIG_INVALID where there is no storage of its scheme.
 */
export function storageOf(url: string): SourceStorage {
  const scheme = /^([a-z][a-z\d+.-]+):\//i.exec(url)?.[1]?.toLowerCase() ?? 'file';
  if (Object.hasOwn(storages, scheme)) return storages[scheme]!;
  throw new TributaryError('CONFIG_INVALID', {
    expected: `a path, or a URL that starts with ${Object.keys(storages).join(': or ')}:`,
    // What follows may hold a password.
    came: `one that starts with ${scheme}:`,
    remedy: 'Set the path of the source to where it lies',
  });
}

/** Whether a URL is that of a local file. @throws as `storageOf` */
export function isLocal(url: string): boolean {
  return storageOf(url) === storages.file;
}

/** The URL of what lies at `path` below a folder; the folder's own where `path` is empty. */
export function below(folder: string, path: string): string {
  if (path === '') return folder;
  return folder.endsWith('/') ? folder + path : `${folder}/${path}`;
}
