import { resolve } from 'node:path';
import { TributaryError } from '../../errors.js';
import type { Place, SampleKind, Split } from '../layouts/layout.js';
import { writeWhole } from '../storage/local/write-whole.js';
import { below, isLocal, storageOf } from '../storage/storages.js';
import { whenHere } from './away.js';
import { openRanges, pagesIn, type RangeFile, readEnd } from './page-reader.js';
import type { RowBatch } from './rows.js';
import { openInStore } from './store-ranges.js';
import { detailsSchema, kindOf, type ManifestDetails, manifestOf, type StoredManifest } from './stored-manifest.js';

/** The URL of the manifest of a source's split in the folder of manifests; its path where that is local. */
export function manifestPath(indexFolder: string, source: string, split: Split): string {
  return below(storageOf(indexFolder).resolve(indexFolder), `${encodeURIComponent(source)}.${split}.arrow`);
}

/**
 * Writes a manifest as an Arrow IPC file, uncompressed, batch by batch. Nobody ever sees half a file: it is written under another
 * name, flushed, and renamed, unless `fill` rejects.
 *
 * @param fill adds batches, which all but the last have `rowsPerBatch` rows, and says in the end what they came to.
 * @throws TributaryError ARGUMENT_INVALID where the file cannot be written, and what `fill` throws.
 */
export async function writeManifest(
  path: string,
  kind: SampleKind,
  fill: (add: (batch: RowBatch) => Promise<void>) => Promise<ManifestDetails>,
): Promise<void> {
  const { PageWriter } = await import('./page-writer.js');
  try {
    await writeWhole(path, async (file) => {
      const writer = new PageWriter(file, kind);
      await writer.end(await fill((batch) => writer.add(batch)));
    });
  } catch (cause) {
    const { syscall, message } = cause as NodeJS.ErrnoException;
    if (syscall === undefined) throw cause;
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: 'a folder for manifests that can be written to',
      came: message,
      remedy: 'Give this process the right to write there, make room, or name another folder',
      metadata: { path },
      cause,
    });
  }
}

/**
 * Opens a manifest. Its rows stay in the file, and are read by pages when they are asked for: a page of which a bit has changed since
 * it was written is MANIFEST_INVALID then. One in a store is read as `openInStore` says. A local one of the form that had no pages is read whole.
 *
 * @param place where the source is now; without it, where it was when it was indexed.
 * @throws TributaryError NOT_INDEXED where there is no such file, MANIFEST_INVALID where it is no manifest.
 */
export async function loadManifest(path: string, place?: Place): Promise<StoredManifest> {
  try {
    const file = isLocal(path) ? openRanges(path) : await openInStore(path);
    if (file === null) throw notIndexed(path);
    return await readManifest(file, path, place);
  } catch (cause) {
    if (cause instanceof TributaryError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw code === 'ENOENT' ? notIndexed(path) : invalid(path, message.replaceAll(/\s+/g, ' '), cause);
  }
}

/** Reads a manifest of a file that is open, as `loadManifest` says. @throws Error where it is none. */
export async function readManifest(file: RangeFile, path: string, place?: Place): Promise<StoredManifest> {
  const end = await whenHere(() => readEnd(file));
  if (end === null) {
    if (!isLocal(path)) throw invalid(path, 'one without pages');
    const { readWholeFile } = await import('./whole-file.js');
    return readWholeFile(file.read(0, file.size), place);
  }
  const details = detailsSchema.parse(JSON.parse(end.details));
  const damaged = (what: string) => invalid(path, what);
  const pages = pagesIn(file, end, details.count, kindOf(details), damaged);
  return manifestOf(details, pages, place ?? { root: details.root, folder: details.folder });
}

function notIndexed(path: string): TributaryError {
  return new TributaryError('NOT_INDEXED', {
    expected: `a manifest at ${isLocal(path) ? resolve(path) : path}`,
    came: 'no file',
    remedy: `Run \`tributary index\` with the same config${isLocal(path) ? '' : ' and --out, and copy what it writes there'}`,
    metadata: { path },
  });
}

function invalid(path: string, came: string, cause?: unknown): TributaryError {
  return new TributaryError('MANIFEST_INVALID', {
    expected: `a whole manifest at ${path}`,
    came,
    remedy: 'Delete the file and run `tributary index` again',
    metadata: { path },
    cause,
  });
}
