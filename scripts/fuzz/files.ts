import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { pack } from 'tar-stream';
import { readCacheFile, writeCacheFile } from '../../src/cache/cache-file.js';
import { TributaryError } from '../../src/errors.js';
import { indexSource } from '../../src/sources/index-source.js';
import type { Manifest } from '../../src/sources/manifest/manifest.js';
import { manifestPath, readManifest } from '../../src/sources/manifest/manifest-file.js';
import { arrowEnd, streamEndBytes, tailBytes } from '../../src/sources/manifest/page-format.js';
import type { RangeFile } from '../../src/sources/manifest/page-reader.js';
import { indexParquet } from '../../src/sources/scan/parquet.js';
import { indexTar } from '../../src/sources/scan/tar.js';
import { listedOnPage, readFileList } from '../../src/sources/storage/http/http-listing.js';
import type { Entry, StoredFile } from '../../src/sources/storage/storage.js';
import { jsonRow, rowsOfParquet } from '../../src/sources/table-rows.js';
import { type Target, textSeeds } from './target.js';

const sources = fileURLToPath(new URL('../../../test/sources', import.meta.url));

/** What describes samples or holds them: shards, tables, listings, manifests and files of a cache. */
export async function fileTargets(): Promise<Record<string, Target>> {
  const folder = mkdtempSync(join(process.env.TRIBUTARY_FUZZ_FOLDER ?? tmpdir(), 'tributary-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const manifest = await smallManifest(folder);
  const said = saidBy(await openManifest(manifest));
  const path = join(folder, 'file');
  const cached = Buffer.from('what lies in a cache');
  await writeCacheFile(path, cached);
  return {
    tar: {
      format: 'tar',
      seeds: [await tar()],
      mend: withChecksums,
      async read(bytes) {
        const { members } = await indexTar(stored(bytes));
        if (members.some(({ offset, size }) => !(offset >= 0 && offset + size <= bytes.length)))
          throw new Error('a member that is not in the file');
      },
    },
    parquet: {
      format: 'any',
      // Written by hyparquet-writer, with pictures of eight bytes: of real ones no damage comes to where it matters.
      seeds: textSeeds(join(sources, 'small-parquet.txt')),
      async read(bytes) {
        const { places } = await indexParquet(stored(bytes));
        for (const place of places)
          if (place && !(place.offset >= 0 && place.offset + (place.packedSize || place.size) <= bytes.length))
            throw new Error('a value that is not in the file');
      },
    },
    table: {
      format: 'any',
      // Of Zstandard the target of that name has more executions a second.
      seeds: ['none', 'snappy', 'gzip'].map((name) => readFileSync(join(sources, `tables/${name}.parquet`))),
      async read(bytes) {
        for await (const row of rowsOfParquet(stored(bytes), 'table', ['width', 'caption'])) JSON.stringify(row);
      },
    },
    rows: {
      format: 'text',
      seeds: [
        '{"key": "train/a.jpg", "width": 640, "caption": "a \\"lake\\""}',
        '{"key":"b","box":[1,2.5e3,null]}',
      ].map((one) => Buffer.from(one)),
      read: (bytes) => jsonRow(bytes.toString('utf8'), 'table', 1),
    },
    listing: { format: 'text', seeds: listings.map((one) => Buffer.from(one)), read: readListing },
    manifest: {
      format: 'any',
      isFresh: true,
      seeds: [manifest],
      async read(bytes) {
        if (saidBy(await openManifest(bytes)) !== said)
          throw new Error('another manifest was taken for the one that was written');
      },
    },
    'manifest-sealed': {
      format: 'any',
      isFresh: true,
      seeds: [manifest],
      mend: withDigests,
      read: async (bytes) => saidBy(await openManifest(bytes)),
    },
    cache: {
      format: 'any',
      seeds: [readFileSync(path)],
      async read(bytes) {
        writeFileSync(path, bytes);
        const found = await readCacheFile(path, cached.length);
        if (found.status === 'hit' && !found.bytes.equals(cached)) throw new Error('other bytes were taken for a hit');
      },
    },
  };
}

function stored(bytes: Buffer): StoredFile {
  return {
    size: bytes.length,
    read: async (into, offset) => bytes.copy(into, 0, offset, Math.min(bytes.length, offset + into.length)),
    close: () => {},
  };
}

/** A tar file of two pictures, a hard link, a long name by GNU's way and one by pax'. */
async function tar(): Promise<Buffer> {
  const archive = pack();
  const mtime = new Date(0);
  for (const name of ['0.jpg', `${'long/'.repeat(30)}1.txt`, 'é.json']) archive.entry({ name, mtime }, 'some text');
  archive.entry({ name: '2.jpg', mtime, type: 'link', linkname: '0.jpg' });
  archive.entry({ name: '3.jpg', mtime, type: 'symlink', linkname: '/etc/passwd' });
  archive.entry({ name: '././@LongLink', mtime }, `${'a'.repeat(120)}.jpg\0`);
  archive.entry({ name: '4.jpg', mtime }, 'more');
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  const bytes = Buffer.concat(parts);
  bytes[bytes.indexOf('././@LongLink') + 156] = 0x4c;
  return withChecksums(bytes);
}

/** With the sums of all headers that a reader may come to. */
function withChecksums(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = 0; at + 512 <= copy.length; at += 512) {
    copy.fill(0x20, at + 148, at + 156);
    let sum = 0;
    for (let i = at; i < at + 512; i++) sum += copy[i]!;
    if (sum === 8 * 0x20) {
      copy.fill(0, at + 148, at + 156);
      continue;
    }
    copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
  return copy;
}

const listings = [
  '[{"name":"a.jpg","type":"file","size":12},{"name":"train/","is_dir":true,"size":0}]',
  '<html><head><title>Index of /photos</title></head><a href="../">../</a><a href="a%20b.jpg">a b.jpg</a><a href="x/?C=N&amp;O=D">x/</a></html>',
  '<title>Directory listing for /</title><li><a href="train/">train/</a></li>',
  '12 train/a.jpg\n0 ./b.png\n999999 val/x/y.jpg\n',
];

/** What a server lists goes into URLs and manifests: names of the folder's own, and sizes that are numbers of bytes. */
function readListing(bytes: Buffer): void {
  const text = bytes.toString('utf8');
  const lists = readFileList(text)?.values() ?? [];
  const pages = ['application/json', 'text/html'].map((type) => listedOnPage(type, text) ?? []);
  for (const entries of [...pages, ...[...lists].map((list) => [...list.values()])])
    for (const entry of entries) if (!isEntry(entry)) throw new Error(`an entry ${JSON.stringify(entry)}`);
}

function isEntry({ name, size }: Entry): boolean {
  const isSize = size === null || (Number.isSafeInteger(size) && size >= 0);
  return typeof name === 'string' && name !== '' && name !== '.' && name !== '..' && !name.includes('/') && isSize;
}

/** As `loadManifest` opens one: whatever cannot be read is refused. What is asked of it after that must be there, or be refused too. */
async function openManifest(bytes: Buffer): Promise<Manifest> {
  try {
    return await readManifest(rangesIn(bytes), '/manifest');
  } catch (error) {
    if (error instanceof TributaryError) throw error;
    const parts = { expected: 'a manifest', came: (error as Error).message, remedy: 'Index again' };
    throw new TributaryError('MANIFEST_INVALID', parts);
  }
}

/** All that a manifest says, of every sample. A damaged page is refused when it is read. */
function saidBy(manifest: Manifest): string {
  const { fingerprint, version, classNames, count } = manifest;
  // What has the right digests may say that it has any number.
  const samples = Array.from({ length: Math.min(count, 20) }, (_, index) => [
    manifest.key(index),
    manifest.size(index),
    manifest.label(index),
    manifest.location(index),
  ]);
  return JSON.stringify([fingerprint, version, classNames, samples]);
}

/** A manifest of three samples of two classes. */
async function smallManifest(folder: string): Promise<Buffer> {
  const root = join(folder, 'source');
  for (const name of ['cat/a.jpg', 'cat/b.jpg', 'dog/c.jpg']) {
    mkdirSync(join(root, 'train', name, '..'), { recursive: true });
    writeFileSync(join(root, 'train', name), Buffer.from('ffd8ffe0', 'hex'));
  }
  const indexFolder = join(folder, 'index');
  await indexSource({ name: 'a', path: root, split: 'train', indexFolder });
  return readFileSync(manifestPath(indexFolder, 'a', 'train'));
}

/** With the CRC-32s of its pages, and the digest over its tail and details, as they are where a reader looks for them. */
function withDigests(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const end = copy.length - arrowEnd.length - 4;
  if (end < 0) return copy;
  const tailAt = end - copy.readInt32LE(end) - streamEndBytes - tailBytes;
  if (tailAt < 0 || tailAt + tailBytes > copy.length) return copy;
  const tail = copy.subarray(tailAt, tailAt + tailBytes);
  const details = copy.subarray(Math.max(0, tailAt - tail.readUInt32LE(20)), tailAt);
  const table = Number(tail.readBigUInt64LE(24));
  for (let page = 0, at = table; page < 4 && at + 16 <= tailAt - details.length; page++, at += 16) {
    const [offset, length] = [Number(copy.readBigUInt64LE(at)), copy.readUInt32LE(at + 8)];
    copy.writeUInt32LE(crc32(copy.subarray(offset, offset + length), page), at + 12);
  }
  createHash('sha256')
    .update(tail.subarray(0, tailBytes - 32))
    .update(details)
    .digest()
    .copy(tail, tailBytes - 32);
  return copy;
}

function rangesIn(bytes: Buffer): RangeFile {
  return {
    size: bytes.length,
    read(offset, length, into = Buffer.allocUnsafeSlow(length)) {
      // As a file that is read where it cannot be.
      if (offset < 0 || !Number.isSafeInteger(offset)) throw new RangeError(`a read at ${offset}`);
      return into.subarray(0, offset < bytes.length ? bytes.copy(into, 0, offset, offset + length) : 0);
    },
  };
}
