import type { S3Client } from '@aws-sdk/client-s3';
import { requestsAtOnce } from '../objects/object-storage.js';
import { isOfCredentials, s3Fault } from './s3-faults.js';
import type { S3Place } from './s3-url.js';
import { type S3Package, type SignedRequest, signedRequests } from './signed-requests.js';

/** A client of one service with the credentials of the usual chain, or without any where there are none. */
export interface S3Session {
  readonly s3: S3Package;
  readonly client: S3Client;
  readonly isAnonymous: boolean;
  /** As `signedRequests` has it. */
  readonly sign: (place: S3Place) => Promise<SignedRequest>;
  /** Buckets to which the client has to find the way for each request: those of other regions. */
  readonly elsewhere: Set<string>;
}

type Act<T> = (session: S3Session) => Promise<T>;

/**
 * Makes requests of S3 services. Clients are made when they are first needed, one for each service, and made anew where the
 * credentials are no good any more: the chain is then asked again.
 */
export function s3Clients(): <T>(url: string, place: S3Place, act: Act<T>) => Promise<T> {
  const sessions = new Map<string | null, Promise<S3Session>>();
  const session = (place: S3Place): Promise<S3Session> => {
    const known = sessions.get(place.endpoint) ?? openSession(place);
    sessions.set(place.endpoint, known);
    known.catch(() => sessions.delete(place.endpoint));
    return known;
  };
  return async (url, place, act) => {
    for (let isFirst = true; ; isFirst = false) {
      const opening = session(place);
      let isAnonymous = false;
      try {
        const opened = await opening;
        isAnonymous = opened.isAnonymous;
        return await act(opened);
      } catch (error) {
        const fault = s3Fault(url, error, isAnonymous);
        // The chain may have had nothing for a moment.
        const isStale = isOfCredentials(fault) || (isAnonymous && fault.remedy !== null);
        if (isStale && sessions.get(place.endpoint) === opening) sessions.delete(place.endpoint);
        if (!isStale || isAnonymous || !isFirst) throw fault;
      }
    }
  };
}

async function openSession({ endpoint }: S3Place): Promise<S3Session> {
  // The package is pinned to a version that this version of Node can run.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const s3 = await import('@aws-sdk/client-s3');
  const given = endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const agent = { keepAlive: true, maxSockets: requestsAtOnce };
  const options = {
    ...(endpoint !== null && { endpoint }),
    // Services beside AWS' own know buckets by path.
    forcePathStyle: given !== undefined,
    followRegionRedirects: true,
    // A body that is cut has to be asked for again, which the client does not do: all is tried again in one place.
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { httpAgent: agent, httpsAgent: agent, socketAcquisitionWarningTimeout: 0x7fffffff },
    // Files of credentials may have been renewed.
    ignoreCache: true,
  } as const;
  const region = await new s3.S3Client(options).config.region().catch(() => 'us-east-1');
  const client = new s3.S3Client({ ...options, region });
  try {
    await client.config.credentials();
    return sessionOf(s3, client, false);
  } catch {
    const signer = { sign: async <R>(request: R) => request };
    const credentials = { accessKeyId: '', secretAccessKey: '' };
    return sessionOf(s3, new s3.S3Client({ ...options, region, signer, credentials }), true);
  }
}

function sessionOf(s3: S3Package, client: S3Client, isAnonymous: boolean): S3Session {
  return { s3, client, isAnonymous, sign: signedRequests(client, s3), elsewhere: new Set() };
}
