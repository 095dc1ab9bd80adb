import type { S3Client } from '@aws-sdk/client-s3';
import { LRUCache } from 'lru-cache';
import type { S3Place } from './s3-url.js';

/** The client's package, which is loaded with the first request: those who use no S3 do not pay for it at start. */
export type S3Package = typeof import('@aws-sdk/client-s3');

/** A request for an object as the client would send it. It holds a signature: neither is ever told. */
export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Services take a signature for 15 minutes. This is less than the five that the client renews credentials before their end, so that
 * none outlives its credentials; in milliseconds.
 */
const keptMs = 120_000;
/** Some 1.5 kB each. */
const mostKept = 4096;

/**
 * Has requests for objects made and signed by the client, without a range, which no signature has to cover: so one is good for all
 * members of a shard, and the client's work, some 0.3 ms, is not done for each of them.
 *
 * @throws what the client says, of which credentials that it cannot get are the most likely.
 */
export function signedRequests(client: S3Client, s3: S3Package): (place: S3Place) => Promise<SignedRequest> {
  const kept = new LRUCache<string, Promise<SignedRequest>>({ max: mostKept, ttl: keptMs });
  return (place) => {
    const name = `${place.bucket}/${place.key}`;
    const known = kept.get(name);
    if (known !== undefined) return known;
    const signing = sign(client, s3, place);
    kept.set(name, signing);
    signing.catch(() => kept.delete(name));
    return signing;
  };
}

/** What the client signs, as far as it is used. */
interface ClientRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

async function sign(client: S3Client, s3: S3Package, { bucket, key }: S3Place): Promise<SignedRequest> {
  const command = new s3.GetObjectCommand({ Bucket: bucket, Key: key });
  let signed: ClientRequest | undefined;
  command.middlewareStack.add(
    () => async (given) => {
      signed = given.request as ClientRequest;
      return { response: {}, output: { $metadata: {} } };
    },
    // The last that a request comes to before it is sent.
    { step: 'finalizeRequest', priority: 'low', name: 'takeSignedRequest' },
  );
  await client.send(command);
  const { protocol, hostname, port, path, query, headers } = signed!;
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  return { url: `${protocol}//${host}${path}?${new URLSearchParams(query)}`, headers };
}
