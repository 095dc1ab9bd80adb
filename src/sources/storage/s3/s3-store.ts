import { addAbortListener } from 'node:events';
import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { networkFault } from '../objects/network-fault.js';
import { type Body, emptyBody, type ObjectStore } from '../objects/object-store.js';
import { type Entry, type Stat, StorageFault } from '../storage.js';
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

    async head(url, signal) {
      const place = s3Place(url);
      if (place.key === '') return null;
      return objectAt(await listed(url, place, { prefix: place.key, most: 1 }, signal), place.key);
    },

    async isFolder(url, signal) {
      const place = s3Place(url);
      return (await listed(url, place, { prefix: prefixOf(place.key), most: 1 }, signal)).objects.length > 0;
    },

    async list(folder, after, signal) {
      const place = s3Place(folder);
      const prefix = prefixOf(place.key);
      const page = await listed(folder, place, { prefix, after, isFolder: true }, signal);
      if (after === null && page.objects.length + page.folders.length === 0) return null;
      const files = page.objects.map(
        ({ key, ...object }): Entry => ({ name: key.slice(prefix.length), kind: 'file', ...object }),
      );
      const folders = page.folders.map(
        (below): Entry => ({ name: below.slice(prefix.length, -1), kind: 'folder', size: null }),
      );
      return { entries: [...files, ...folders], after: page.after };
    },

    async get(url, { offset, length }, signal) {
      const place = s3Place(url);
      const Range = `bytes=${offset}-${offset + Math.max(length, 1) - 1}`;
      return asClient(url, place, async (client, s3) => {
        try {
          const command = new s3.GetObjectCommand({ Bucket: place.bucket, Key: place.key, Range });
          const answer = await client.send(command, { abortSignal: signal });
          const [, from = 0, size = answer.ContentLength] =
            /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.ContentRange ?? '') ?? [];
          const body = answer.Body as Readable;
          if (Number(from) !== offset) {
            body.destroy();
            throw new StorageFault(
              url,
              'WRONG_RANGE',
              true,
              `bytes from ${from} on where those from ${offset} were to come`,
            );
          }
          // The client's own watch of the signal ends with the answer's head.
          addAbortListener(signal, () => body.destroy(signal.reason as Error));
          return {
            size: Number(size),
            version: answer.ETag ?? '0',
            body: length > 0 ? (take) => readBody(url, body, take) : noBytes(body),
          };
        } catch (error) {
          const { name } = error as Error;
          if (name === 'NoSuchKey') return null;
          if (name !== 'InvalidRange') throw error;
          // The object is shorter than it was, or empty.
          const found = objectAt(
            await listObjects(client, s3, place, { prefix: place.key, most: 1 }, signal),
            place.key,
          );
          return found && { ...found, body: emptyBody };
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

/** A page of a listing, with names as they are. */
interface Listed {
  readonly objects: readonly { readonly key: string; readonly size: number; readonly version: string }[];
  /** Prefixes, with a slash at their ends. */
  readonly folders: readonly string[];
  readonly after: string | null;
}

async function listObjects(
  client: S3Client,
  s3: S3Package,
  { bucket }: S3Place,
  { prefix, after = null, isFolder, most }: ListOptions,
  signal: AbortSignal,
): Promise<Listed> {
  const command = new s3.ListObjectsV2Command({
    Bucket: bucket,
    Prefix: prefix,
    Delimiter: isFolder ? '/' : undefined,
    ContinuationToken: after ?? undefined,
    MaxKeys: most,
    // XML has no way to write some of the characters that names may have.
    EncodingType: 'url',
  });
  const page = await client.send(command, { abortSignal: signal });
  const name = (text: string) => (page.EncodingType === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text);
  return {
    objects: (page.Contents ?? []).map(({ Key = '', Size = 0, ETag = '0' }) => ({
      key: name(Key),
      size: Size,
      version: ETag,
    })),
    folders: (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => name(Prefix)),
    after: (page.IsTruncated && page.NextContinuationToken) || null,
  };
}

/** The object of this very name, which sorts before all that its name begins. */
function objectAt({ objects: [first] }: Listed, key: string): Stat | null {
  return first?.key === key ? { kind: 'file', size: first.size, version: first.version } : null;
}

function prefixOf(key: string): string {
  return key === '' ? '' : `${key}/`;
}

async function readBody(url: string, body: Readable, take: (chunk: Uint8Array) => void): Promise<void> {
  try {
    for await (const chunk of body) take(chunk as Uint8Array);
  } catch (error) {
    throw networkFault(url, error);
  }
}

/** A range of no bytes cannot be asked for. */
function noBytes(body: Readable): Body {
  body.destroy();
  return emptyBody;
}
