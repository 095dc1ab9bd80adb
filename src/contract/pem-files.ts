import { readFile } from 'node:fs/promises';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { experimental } from '@grpc/grpc-js';
import { TributaryError } from '../errors.js';

/** PEM files: of the authorities that the other side must be certified by, and of this side's own certificate and key. */
export interface PemPaths {
  /** Where absent, the well-known authorities. */
  readonly authority?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

interface Pems {
  readonly authority: Buffer;
  readonly certificate: Buffer | null;
  readonly key: Buffer | null;
}

type Listener = (pems: Pems) => void;

/**
 * PEM files that are read again every few seconds while anything connects by them, so that they can be renewed. What does not
 * fit together, as half of a renewal, is passed over: the last good ones hold.
 */
export class PemFiles implements experimental.CertificateProvider {
  readonly #paths: PemPaths;
  readonly #milliseconds: number;
  readonly #listeners = new Map<unknown, Listener>();
  #pems: Pems;
  #timer: NodeJS.Timeout | undefined;

  private constructor(paths: PemPaths, seconds: number, pems: Pems) {
    this.#paths = paths;
    this.#milliseconds = seconds * 1000;
    this.#pems = pems;
  }

  /**
   * @param seconds between two readings
   * @throws TributaryError ARGUMENT_INVALID where a file cannot be read, or is none of what it should be
   */
  static async open(paths: PemPaths, seconds = 10): Promise<PemFiles> {
    return new PemFiles(paths, seconds, await read(paths));
  }

  /** Tells of the certificates as they are, and again whenever they have changed. */
  listen(key: unknown, listener: Listener): void {
    this.#listeners.set(key, listener);
    // Later, as gRPC asks before it can be told.
    process.nextTick(listener, this.#pems);
    this.#timer ??= setInterval(() => void this.#refresh(), this.#milliseconds).unref();
  }

  forget(key: unknown): void {
    this.#listeners.delete(key);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.listen(listener, ({ authority }) => listener({ caCertificate: authority }));
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.listen(listener, ({ certificate, key }) =>
      listener(certificate === null || key === null ? null : { certificate, privateKey: key }),
    );
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.forget(listener);
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.forget(listener);
  }

  async #refresh(): Promise<void> {
    const pems = await read(this.#paths).catch(() => this.#pems);
    if ((['authority', 'certificate', 'key'] as const).every((name) => same(pems[name], this.#pems[name]))) return;
    this.#pems = pems;
    for (const listener of this.#listeners.values()) listener(pems);
  }
}

async function read({ authority, certificate, key }: PemPaths): Promise<Pems> {
  const [ca, cert, own] = await Promise.all([authority, certificate, key].map(readPem));
  const pems = {
    authority: ca ?? Buffer.from(rootCertificates.join('\n')),
    certificate: cert ?? null,
    key: own ?? null,
  };
  try {
    createSecureContext({ ca: pems.authority, ...(cert && own && { cert, key: own }) });
    return pems;
  } catch (error) {
    const names = [authority, certificate, key].filter((name) => name !== undefined).join(', ');
    throw refused(`PEM files that belong together in ${names}`, error);
  }
}

async function readPem(file: string | undefined): Promise<Buffer | null> {
  if (file === undefined) return null;
  try {
    return await readFile(file);
  } catch (error) {
    throw refused(`to read ${file}`, error);
  }
}

function refused(expected: string, error: unknown): TributaryError {
  const remedy =
    'Name PEM files that this process may read: the certificate with those between it and its authority, and its key';
  return new TributaryError('ARGUMENT_INVALID', { expected, came: (error as Error).message, remedy, cause: error });
}

function same(one: Buffer | null, other: Buffer | null): boolean {
  return one === other || (one !== null && other !== null && one.equals(other));
}
