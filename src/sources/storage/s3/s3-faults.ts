import { networkFault } from '../objects/network-fault.js';
import { StorageFault } from '../storage.js';

/** What an error of the S3 client tells, of which nothing else is kept: it may hold headers and signatures. */
export interface S3Error extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  readonly code?: string;
  readonly Region?: string;
}

const badCredentials: ReadonlySet<string> = new Set([
  ...['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'InvalidToken', 'InvalidAccessKeyId'],
  ...['SignatureDoesNotMatch', 'RequestTimeTooSkewed', 'CredentialsProviderError', 'TokenProviderError'],
]);

const otherPlace: ReadonlySet<string> = new Set([
  ...['PermanentRedirect', 'TemporaryRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'],
  ...['301', '307'],
]);

const remedies = {
  credentials:
    'Renew the credentials of the usual chain (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the role of this machine), and look to its clock',
  denied:
    'Let these credentials list the bucket and read its objects (s3:ListBucket, s3:GetObject), or make the bucket public',
  bucket: 'Set the path of the source to a bucket of this service, or AWS_ENDPOINT_URL_S3 to the service that has it',
  archived: 'Restore the object from the archive, or take it out of the source and index again',
};

/** Whether an error says that the credentials are no good, or no good any more. */
export function isOfCredentials({ code }: StorageFault): boolean {
  return badCredentials.has(code);
}

/** Whether an error says that the bucket has to be asked elsewhere, to which the client finds the way. */
export function isOfOtherPlace({ name, $metadata }: S3Error): boolean {
  const { httpStatusCode: status = 0 } = $metadata ?? {};
  return otherPlace.has(name) || (status >= 300 && status < 400);
}

/** The error that the client makes of an answer that is none, as far as it is used here. */
export function errorOfAnswer(status: number, headers: Readonly<Record<string, unknown>>, xml: string): S3Error {
  const told = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  const [region, bucketRegion] = [told('Region'), headers['x-amz-bucket-region']];
  return Object.assign(new Error('an answer of S3'), {
    name: told('Code') ?? (status === 404 ? 'NotFound' : ''),
    $metadata: { httpStatusCode: status },
    ...(region !== undefined && { Region: region }),
    ...(typeof bucketRegion === 'string' && { $response: { headers: { 'x-amz-bucket-region': bucketRegion } } }),
  });
}

/** What an error of the S3 client is to those above. */
export function s3Fault(url: string, given: unknown, isAnonymous: boolean): StorageFault {
  if (given instanceof StorageFault) return given;
  const error = given as S3Error;
  const status = error.$metadata?.httpStatusCode;
  const code = codeOf(error, status);
  const fault = (what: string, remedy?: string) =>
    new StorageFault(url, code, true, `${what} (${code})`, undefined, remedy);
  if (badCredentials.has(code)) return fault('credentials that the store does not take', remedies.credentials);
  if (otherPlace.has(code)) {
    const region = error.Region ?? error.$response?.headers?.['x-amz-bucket-region'];
    const remedy = `Set AWS_REGION to ${region ?? 'the region'} of the bucket`;
    return fault(`a bucket of another region${region === undefined ? '' : `, ${region}`}`, remedy);
  }
  if (code === 'NoSuchBucket') return fault('no bucket of that name', remedies.bucket);
  if (code === 'InvalidObjectState') return fault('an object that is archived', remedies.archived);
  if (status === 401 || status === 403)
    return fault(isAnonymous ? 'not allowed without credentials, and none were found' : 'not allowed', remedies.denied);
  if (status === undefined) return networkFault(url, error);
  return fault(status === 429 || status >= 500 ? 'a store that is not able to' : 'a request that the store refuses');
}

function codeOf({ name, code }: S3Error, status: number | undefined): string {
  const isNamed = name !== '' && name !== 'Error' && !/^(Unknown|UnknownError|\d+)$/.test(name);
  if (status !== undefined) return isNamed ? name : String(status);
  return code ?? name;
}
