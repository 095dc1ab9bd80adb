import { experimental, ServerCredentials } from '@grpc/grpc-js';
import { PemFiles } from '../contract/pem-files.js';
import { TributaryError } from '../errors.js';

/** How connections are secured. */
export interface TransportOptions {
  /** `host:port`. */
  readonly listen: string;
  /** `host:port` of the metrics. */
  readonly metricsListen?: string | undefined;
  /** PEM files of the server's certificate and key. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** PEM file of the authority that clients' certificates must come from. */
  readonly tlsClientCa?: string | undefined;
  /** The file of the clients that may call, by their tokens. */
  readonly tokens?: string | undefined;
  /** The keys of their JSON Web Tokens. */
  readonly jwks?: string | undefined;
  /** Whether other machines may connect without TLS. */
  readonly insecure?: boolean | undefined;
}

/** Milliseconds for a connection to become one of TLS. */
export const handshakeTimeout = 10_000;

/** Whether only this machine can connect to `host:port`. */
export function isLoopback(listen: string): boolean {
  return /^(127\.|localhost:|\[::1\])/.test(listen);
}

/** What calls are secured by, and the files that HTTP is secured by as well. */
export interface Security {
  readonly credentials: ServerCredentials;
  readonly pemFiles?: PemFiles;
}

/**
 * TLS where a certificate is given; plain where only this machine can connect, or where `insecure` says so. Certificates
 * are read again when their files change, and hold for new connections.
 *
 * @throws TributaryError ARGUMENT_INVALID otherwise.
 */
export async function secure(options: TransportOptions): Promise<Security> {
  const { listen, metricsListen, tlsCert, tlsKey, tlsClientCa, tokens, jwks, insecure } = options;
  if (tlsCert !== undefined && tlsKey !== undefined) {
    const pemFiles = await PemFiles.open({ authority: tlsClientCa, certificate: tlsCert, key: tlsKey });
    const mutual = tlsClientCa !== undefined;
    const make = experimental.createCertificateProviderServerCredentials;
    const credentials = make(pemFiles, mutual ? pemFiles : null, mutual);
    Object.assign(credentials._getConstructorOptions() ?? {}, { handshakeTimeout });
    return { credentials, pemFiles };
  }
  if (tlsCert !== undefined || tlsKey !== undefined)
    throw refuse(
      '--tls-cert and --tls-key together',
      `${tlsCert === undefined ? '--tls-key' : '--tls-cert'} alone`,
      'Give both, or neither',
    );
  if (tlsClientCa !== undefined)
    throw refuse('--tls-cert and --tls-key with --tls-client-ca', '--tls-client-ca alone', 'Give all three, or none');
  for (const [option, address] of [
    ['--listen', listen],
    ['--metrics-listen', metricsListen],
  ] as const)
    if (address !== undefined && !isLoopback(address) && insecure !== true)
      throw refuse(
        'TLS where other machines can connect',
        `${option} ${address} without it`,
        'Give --tls-cert and --tls-key, listen on 127.0.0.1, or say --insecure if the network is trusted',
      );
  if ((tokens ?? jwks) !== undefined && insecure !== true)
    throw refuse(
      'TLS where clients send tokens',
      `${tokens === undefined ? '--jwks' : '--tokens'} without it`,
      'Give --tls-cert and --tls-key, or say --insecure if something before this server speaks TLS',
    );
  return { credentials: ServerCredentials.createInsecure() };
}

function refuse(expected: string, came: string, remedy: string): TributaryError {
  return new TributaryError('ARGUMENT_INVALID', { expected, came, remedy });
}
