import { TributaryError } from '../../../errors.js';

/** What a URL of an S3 object says. */
export interface S3Place {
  /** The service's address; null for the one of the usual chain. */
  readonly endpoint: string | null;
  readonly bucket: string;
  /** The object's name, or a folder's without a slash at its end; empty for the bucket itself. */
  readonly key: string;
}

const google = 'https://storage.googleapis.com';

/**
 * Takes apart `s3://BUCKET/KEY`, `s3+https://HOST/BUCKET/KEY`, the same with `s3+http`, and `gs://BUCKET/KEY`, which is S3 at
 * Google's address.
 *
 * @throws TributaryError CONFIG_INVALID
 */
export function s3Place(url: string): S3Place {
  const [, scheme, host, rest] = /^([a-z][a-z\d+]*):\/\/([^/]*)\/?(.*)$/is.exec(url) ?? [];
  const isAt = scheme?.startsWith('s3+') === true;
  const [bucket, key] = isAt ? cut(rest!) : [host ?? '', rest ?? ''];
  if (scheme !== undefined && /^[a-z\d][\w.-]*$/i.test(bucket) && !host!.includes('@')) {
    const endpoint = isAt ? `${scheme.slice('s3+'.length)}://${host}` : scheme === 'gs' ? google : null;
    return { endpoint, bucket, key };
  }
  throw new TributaryError('CONFIG_INVALID', {
    expected:
      's3://BUCKET/FOLDER, or s3+https://HOST/BUCKET/FOLDER for a service of another address than the usual one',
    came: 'another URL, or one with a user or a password',
    remedy: 'Set the path of the source to its bucket and folder: credentials come from the usual chain',
  });
}

/** The one form of a URL. @throws TributaryError as `s3Place` */
export function resolveS3(given: string): string {
  s3Place(given);
  const [, head, rest] = /^([^:]*:\/\/)(.*)$/s.exec(given)!;
  return head!.toLowerCase() + rest!.replace(/\/+$/, '');
}

function cut(path: string): [string, string] {
  const at = path.indexOf('/');
  return at === -1 ? [path, ''] : [path.slice(0, at), path.slice(at + 1)];
}
