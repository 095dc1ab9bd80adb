import { addAbortListener } from 'node:events';
import type { Readable } from 'node:stream';
import { askOverHttp, textOf } from '../http/http-request.js';
import { networkFault } from '../objects/network-fault.js';
import { emptyBody } from '../objects/object-storage.js';
import type { Body, ObjectPart, ObjectStore, Range } from '../objects/object-store.js';
import { type Entry, type Stat, StorageFault } from '../storage.js';
import { type S3Session, s3Clients } from './s3-client.js';
import { errorOfAnswer, isOfOtherPlace } from './s3-faults.js';
import { resolveS3, type S3Place, s3Place } from './s3-url.js';

/**
 * Objects of S3 and of the services that speak its language, through AWS' own client. A folder is what its objects' names say.
 * Only two kinds of request are made, ListObjectsV2 and GetObject: the answers to a HEAD do not say what is wrong.
 */
export function s3Store(): ObjectStore {
  const asClient = s3Clients();

  const listed = (url: string, place: S3Place, options: ListOptions, signal: AbortSignal) =>
    asClient(url, place, (session) => listObjects(session, place, options, signal));

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

    async get(url, range, signal) {
      const place = s3Place(url);
      return asClient(url, place, async (session) => {
        try {
          const part = session.elsewhere.has(place.bucket)
            ? null
            : await askedDirectly(session, url, place, range, signal);
          return part ?? (await askedByClient(session, url, place, range, signal));
        } catch (error) {
          const { name } = error as Error;
          if (name === 'NoSuchKey') return null;
          if (name !== 'InvalidRange') throw error;
          // The object is shorter than it was, or empty.
          const found = objectAt(await listObjects(session, place, { prefix: place.key, most: 1 }, signal), place.key);
          return found && { ...found, body: emptyBody };
        }
      });
    },
  };
}

/** What a request that the client has signed is answered; null where the client has to find the way to the bucket. */
async function askedDirectly(
  { sign, elsewhere }: S3Session,
  url: string,
  place: S3Place,
  range: Range,
  signal: AbortSignal,
): Promise<ObjectPart | null> {
  const signed = await sign(place);
  const headers = { ...signed.headers, range: rangeOf(range) };
  const answer = await askOverHttp({ method: 'GET', url: signed.url, headers }, url, signal);
  const { status, headers: told } = answer;
  if (status === 200 || status === 206)
    return partOf(url, range, {
      size: Number(told['content-length']),
      range: told['content-range'],
      version: told.etag,
      body: answer.body,
      destroy: answer.destroy,
    });
  const error = errorOfAnswer(status, told, await textOf(answer));
  if (!isOfOtherPlace(error)) throw error;
  elsewhere.add(place.bucket);
  return null;
}

async function askedByClient(
  { client, s3 }: S3Session,
  url: string,
  { bucket, key }: S3Place,
  range: Range,
  signal: AbortSignal,
): Promise<ObjectPart> {
  const command = new s3.GetObjectCommand({ Bucket: bucket, Key: key, Range: rangeOf(range) });
  const answer = await client.send(command, { abortSignal: signal });
  const body = answer.Body as Readable;
  const part = partOf(url, range, {
    size: answer.ContentLength!,
    range: answer.ContentRange,
    version: answer.ETag,
    body: (take) => readBody(url, body, take),
    destroy: () => void body.destroy(),
  });
  // The client's own watch of the signal ends with the answer's head.
  addAbortListener(signal, () => body.destroy(signal.reason as Error));
  return part;
}

/** A range of no bytes cannot be asked for. */
function rangeOf({ offset, length }: Range): string {
  return `bytes=${offset}-${offset + Math.max(length, 1) - 1}`;
}

/** The head of an answer. */
interface Head {
  /** Of the body, in bytes. */
  readonly size: number;
  readonly range: string | undefined;
  readonly version: string | undefined;
  readonly body: Body;
  readonly destroy: () => void;
}

function partOf(url: string, { offset, length }: Range, { range = '', version = '0', ...head }: Head): ObjectPart {
  const [, from = 0, size = head.size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(range) ?? [];
  const isRight = Number(from) === offset;
  if (!isRight || length === 0) head.destroy();
  if (isRight) return { size: Number(size), version, body: length > 0 ? head.body : emptyBody };
  const what = `bytes from ${from} on where those from ${offset} were to come`;
  throw new StorageFault(url, 'WRONG_RANGE', true, what);
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
  { client, s3 }: S3Session,
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
