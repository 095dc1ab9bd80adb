import { addAbortListener } from 'node:events';
import { Readable } from 'node:stream';
import type { ListObjectsV2CommandOutput, S3Client } from '@aws-sdk/client-s3';
import { networkFault } from '../objects/network-fault.js';
import type { ObjectStore } from '../objects/object-store.js';
import type { Entry, Stat } from '../storage.js';
import { type S3Package, s3Clients } from './s3-client.js';
import { resolveS3, type S3Place, s3Place } from './s3-url.js';

/**
 * Objects of S3 and of the services that speak its language, through AWS' own client. A folder is what its objects' names say.
 * Only two kinds of request are made, ListObjectsV2 and GetObject: the answers to a HEAD do not say what is wrong.
 */
export function s3Store(): ObjectStore {
  const asClient = s3Clients();

  const listed = (url: string, place: S3Place, options: ListOptions, signal: AbortSignal) =>
    asClient(url, place, (client, s3) => listObjects(client, s3, place, options, signal));

  return {
    resolve: resolveS3,

    async head(url, signal): Promise<Stat | null> {
      const place = s3Place(url);
      if (place.key === '') return null;
      const [first] = (await listed(url, place, { prefix: place.key, most: 1 }, signal)).Contents ?? [];
      if (first === undefined || nameOf(first.Key) !== place.key) return null;
      return { kind: 'file', size: first.Size ?? 0, version: first.ETag ?? '0' };
    },

    async isFolder(url, signal) {
      const place = s3Place(url);
      return ((await listed(url, place, { prefix: prefixOf(place.key), most: 1 }, signal)).KeyCount ?? 0) > 0;
    },

    async list(folder, after, signal) {
      const place = s3Place(folder);
      const prefix = prefixOf(place.key);
      const page = await listed(folder, place, { prefix, after, isFolder: true }, signal);
      const entries = [...entriesOf(page, prefix)];
      // A folder may be there for nothing but an object of its own name.
      if (after === null && (page.KeyCount ?? entries.length) === 0) return null;
      return { entries, after: (page.IsTruncated && page.NextContinuationToken) || null };
    },

    async get(url, { offset, length }, signal) {
      const place = s3Place(url);
      const Range = `bytes=${offset}-${offset + Math.max(length, 1) - 1}`;
      return asClient(url, place, async (client, s3) => {
        try {
          const command = new s3.GetObjectCommand({ Bucket: place.bucket, Key: place.key, Range });
          const answer = await client.send(command, { abortSignal: signal });
          const size = Number(/\/(\d+)$/.exec(answer.ContentRange ?? '')?.[1] ?? answer.ContentLength);
          const body = answer.Body as Readable;
          // The client's own watch of the signal ends with the answer's head.
          addAbortListener(signal, () => body.destroy(signal.reason as Error));
          return { size, version: answer.ETag ?? '0', body: length > 0 ? bodyOf(url, body) : noBytes(body) };
        } catch (error) {
          const { name } = error as Error;
          if (name === 'NoSuchKey') return null;
          if (name !== 'InvalidRange') throw error;
          // The object is shorter than it was, or empty.
          const [first] = (await listObjects(client, s3, place, { prefix: place.key, most: 1 }, signal)).Contents ?? [];
          if (first === undefined || nameOf(first.Key) !== place.key) return null;
          return { size: first.Size ?? 0, version: first.ETag ?? '0', body: noBytes() };
        }
      });
    },
  };
}

interface ListOptions {
  readonly prefix: string;
  readonly after?: string | null;
  /** Whether what lies below folders is left out. */
  readonly isFolder?: boolean;
  readonly most?: number;
}

function listObjects(
  client: S3Client,
  s3: S3Package,
  { bucket }: S3Place,
  { prefix, after = null, isFolder, most }: ListOptions,
  signal: AbortSignal,
): Promise<ListObjectsV2CommandOutput> {
  const command = new s3.ListObjectsV2Command({
    Bucket: bucket,
    Prefix: prefix,
    Delimiter: isFolder ? '/' : undefined,
    ContinuationToken: after ?? undefined,
    MaxKeys: most,
    // XML has no way to write some of the characters that names may have.
    EncodingType: 'url',
  });
  return client.send(command, { abortSignal: signal });
}

function* entriesOf(
  { Contents = [], CommonPrefixes = [] }: ListObjectsV2CommandOutput,
  prefix: string,
): Generator<Entry> {
  for (const { Key, Size, ETag } of Contents) {
    const name = nameOf(Key).slice(prefix.length);
    if (isName(name)) yield { name, kind: 'file', size: Size ?? null, ...(ETag !== undefined && { version: ETag }) };
  }
  for (const { Prefix } of CommonPrefixes) {
    const name = nameOf(Prefix).slice(prefix.length, -1);
    if (isName(name)) yield { name, kind: 'folder', size: null };
  }
}

/** No file of a folder can have these names, and a URL with them means something else. */
function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..';
}

function nameOf(encoded: string | undefined): string {
  return decodeURIComponent((encoded ?? '').replaceAll('+', ' '));
}

function prefixOf(key: string): string {
  return key === '' ? '' : `${key}/`;
}

async function* bodyOf(url: string, body: Readable): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } catch (error) {
    throw networkFault(url, error);
  }
}

/** A range of no bytes cannot be asked for. */
function noBytes(body?: Readable): Readable {
  body?.destroy();
  return Readable.from([]);
}
