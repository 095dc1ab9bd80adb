import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { pack } from 'tar-stream';
import { readCacheFile, writeCacheFile } from '../../src/cache/cache-file.js';
import { contract } from '../../src/contract/contract.js';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { probe } from '../../src/decode/probe.js';
import { formatCursor, parseCursor } from '../../src/plan/cursor.js';
import { parseConfig, parseInlineRun } from '../../src/run/config.js';
import { resolveRequest } from '../../src/server/resolve-request.js';
import { indexSource } from '../../src/sources/index-source.js';
import type { Manifest } from '../../src/sources/manifest/manifest.js';
import { loadManifest, manifestPath } from '../../src/sources/manifest/manifest-file.js';
import { indexTar } from '../../src/sources/scan/tar.js';
import type { StoredFile } from '../../src/sources/storage/storage.js';

/** A parser of what others wrote, with texts or files that it reads. */
export interface Target {
  readonly format: string;
  readonly seeds: readonly Buffer[];
  /** Reads what may be anything: it may refuse it with a TributaryError, and do nothing else that was not foreseen. */
  readonly read: (bytes: Buffer) => Promise<unknown> | unknown;
  /** Whether the error is a refusal, beside those of the project. */
  readonly isRefusal?: (error: Error) => boolean;
}

const vectors = fileURLToPath(new URL('../../../test/vectors/images', import.meta.url));
const limits = { pixels: 4_000_000, bytes: 1 << 20, seconds: 5 };
const config = parseConfig('{sources: {a: /a, b: /b}, runs: {r: {recipe: dinov3, sources: [a], global_batch: 8}}}', {
  folder: '/',
  name: 'fuzz',
});
const run =
  'recipe: dinov3\nsources: [a, b]\nsample_t: 0.5\nimage_size: 64\nglobal_batch: 8\nscale: &two [0.2, 1]\nratio: *two\n';
const cursor = formatCursor({ fingerprint: 'f'.repeat(64), epoch: 3, step: 77 });
const bounds = { epochs: 9, stepsPerEpoch: 100, globalBatch: 64 };

/** Every target by its name. What it makes on disk goes with the process. */
export async function openTargets(): Promise<Readonly<Record<string, Target>>> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const small = sharp({
    create: {
      width: 40,
      height: 30,
      channels: 3,
      background: '#48f',
      noise: { type: 'gaussian', mean: 90, sigma: 30 },
    },
  });
  const jpegs = [await small.clone().jpeg().toBuffer(), await small.clone().jpeg({ progressive: true }).toBuffer()];
  const encoded = await Promise.all(
    [
      small.clone().png(),
      small.clone().png({ palette: true }),
      small.clone().gif(),
      small.clone().tiff(),
      small.clone().tiff({ compression: 'lzw' }),
    ].map((one) => one.toBuffer()),
  );
  const [png, palette, gif, tiff, lzw] = encoded as [Buffer, Buffer, Buffer, Buffer, Buffer];
  const { StreamBatches } = contract.tributary.v1.LoaderService.service;
  const request = {
    run: { name: 'r' },
    epoch: 1,
    stepCount: 5,
    worldSize: 2,
    dataType: 2,
    lent: { process: 4, proof: Buffer.alloc(32) },
  };
  const path = join(folder, 'file');
  const whole = await manifest(folder);
  await writeFile(path, whole);
  const said = saidBy(await loadManifest(path));
  const cached = Buffer.from('what lies in a cache');
  await writeCacheFile(path, cached);
  const image = (format: string, seeds: Buffer[]): Target => ({
    format,
    seeds,
    async read(bytes) {
      const header = await probe(bytes, limits);
      const { width, height } = header;
      const box = { top: height >> 2, left: width >> 2, width: (width + 1) >> 1, height: (height + 1) >> 1 };
      await decodeCrop(bytes, box, limits, header);
    },
  });
  const ofFile = (target: Omit<Target, 'read'>, read: (path: string) => Promise<unknown>): Target => ({
    ...target,
    async read(bytes) {
      await writeFile(path, bytes);
      await read(path);
    },
  });
  const text = (texts: string[], read: (text: string) => unknown): Target => ({
    format: 'text',
    seeds: texts.map((one) => Buffer.from(one)),
    read: (bytes) => read(bytes.toString('utf8')),
  });
  return {
    jpeg: image('jpeg', [...jpegs, ...files('jpg')]),
    png: image('png', [png, palette, ...files('png')]),
    gif: image('gif', [gif]),
    bmp: image('bmp', [bitmap()]),
    tiff: image('tiff', [tiff, lzw]),
    webp: image('webp', files('webp')),
    tar: { format: 'tar', seeds: [await tar(jpegs)], read: (bytes) => indexTar(stored(bytes)) },
    manifest: ofFile({ format: 'arrow', seeds: [whole] }, async (path) => {
      if (saidBy(await loadManifest(path)) !== said)
        throw new Error('another manifest was taken for the one that was written');
    }),
    cache: ofFile({ format: 'cache', seeds: [readFileSync(path)] }, async (path) => {
      const found = await readCacheFile(path, cached.length);
      if (found.status === 'hit' && !found.bytes.equals(cached)) throw new Error('other bytes were taken for a hit');
    }),
    cursor: text([cursor], parseCursor),
    run: text([run, JSON.stringify({ recipe: 'default', sources: ['a'], global_batch: 8 })], (one) =>
      parseInlineRun(one, config),
    ),
    request: {
      format: 'protobuf',
      seeds: [request, { ...request, cursor }].map((one) => StreamBatches.requestSerialize(one as never)),
      read(bytes) {
        const message = StreamBatches.requestDeserialize(bytes);
        resolveRequest({ bounds, fingerprint: 'f'.repeat(64) }, message);
      },
      // gRPC answers what is no message with INTERNAL, and calls nothing.
      isRefusal: (error) =>
        /index out of range|invalid wire type|invalid end group|Invalid|illegal|max depth/i.test(error.message),
    },
  };
}

function files(suffix: string): Buffer[] {
  const names = readdirSync(vectors).filter((name) => name.endsWith(`.${suffix}`));
  return names.map((name) => readFileSync(join(vectors, name))).filter(({ length }) => length < 60_000);
}

/** 6 x 4 pixels of 24 bits. */
function bitmap(): Buffer {
  const bytes = Buffer.alloc(54 + 20 * 4, 77);
  bytes.fill(0, 0, 54).write('BM');
  for (const [at, value] of [
    [2, bytes.length],
    [10, 54],
    [14, 40],
    [18, 6],
    [22, 4],
    [34, 80],
  ] as const)
    bytes.writeUInt32LE(value, at);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}

async function tar(members: readonly Buffer[]): Promise<Buffer> {
  const archive = pack();
  for (const [index, bytes] of members.entries()) {
    archive.entry({ name: `${index}.jpg`, mtime: new Date(0) }, bytes);
    archive.entry({ name: `${'long/'.repeat(30)}${index}.txt`, mtime: new Date(0) }, 'a text');
  }
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function stored(bytes: Buffer): StoredFile {
  return {
    size: bytes.length,
    read: async (into, offset) => bytes.copy(into, 0, offset, Math.min(bytes.length, offset + into.length)),
    close: () => {},
  };
}

/** All that a manifest says, of every sample. A damaged page is refused when it is read. */
function saidBy(manifest: Manifest): string {
  const { fingerprint, version, classNames, count } = manifest;
  const samples = Array.from({ length: count }, (_, index) => [
    manifest.key(index),
    manifest.size(index),
    manifest.label(index),
    manifest.location(index),
  ]);
  return JSON.stringify([fingerprint, version, classNames, samples]);
}

async function manifest(folder: string): Promise<Buffer> {
  const indexFolder = join(folder, 'index');
  await indexSource({ name: 'a', path: vectors, split: 'train', indexFolder });
  return readFileSync(manifestPath(indexFolder, 'a', 'train'));
}
