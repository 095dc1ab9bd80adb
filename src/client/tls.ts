import { readFile } from 'node:fs/promises';
import { type ChannelCredentials, credentials, experimental, Metadata } from '@grpc/grpc-js';
import { PemFiles } from '../contract/pem-files.js';
import { TributaryError } from '../errors.js';

/** How a client secures its connections. */
export interface Tls {
  /** PEM file of the authorities that servers must be certified by; the well-known ones where absent. */
  readonly authority?: string | undefined;
  /** PEM files of the client's own certificate and key, for servers that ask for one. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** File of the token that proves who this client is, for servers that ask for one. It is read with each call. */
  readonly tokenFile?: string | undefined;
}

/**
 * Credentials for TLS. The files are read again when they change, and hold for new connections.
 *
 * @throws TributaryError ARGUMENT_INVALID where a file cannot be read, or a certificate comes without its key
 */
export async function tlsCredentials({ authority, certificate, key, tokenFile }: Tls): Promise<ChannelCredentials> {
  if ((certificate === undefined) !== (key === undefined))
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: "a client's certificate and its key together",
      came: certificate === undefined ? 'the key alone' : 'the certificate alone',
      remedy: 'Give both, or neither',
    });
  const files = await PemFiles.open({ authority, certificate, key });
  const secured = experimental.createCertificateProviderChannelCredentials(
    files,
    certificate === undefined ? null : files,
  );
  if (tokenFile === undefined) return secured;
  await bearer(tokenFile);
  return secured.compose(
    credentials.createFromMetadataGenerator((_, done) => void bearer(tokenFile).then((own) => done(null, own), done)),
  );
}

async function bearer(file: string): Promise<Metadata> {
  try {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${(await readFile(file, 'utf8')).trim()}`);
    return metadata;
  } catch (error) {
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: `a token in ${file}`,
      came: (error as Error).message,
      remedy: 'Name a file with one token and nothing else, which this process may read',
      cause: error,
    });
  }
}
