import { X509Certificate } from 'node:crypto';
import type { Logger } from 'pino';
import type { PemFiles } from '../contract/pem-files.js';

const day = 86_400_000;
/** Days before its end from which a certificate is warned of. */
const soon = 14;

/** Warns of a server's certificate that has expired or soon will: at once, whenever its file changes, and each day. */
export function tellExpiry(pemFiles: PemFiles | undefined, log: Pick<Logger, 'warn'>): void {
  let newest: Buffer | null = null;
  const tell = (): void => {
    if (newest === null) return;
    const { validTo, subject } = new X509Certificate(newest);
    const left = (Date.parse(validTo) - Date.now()) / day;
    if (left < soon)
      log.warn({ subject, validTo }, left < 0 ? 'the certificate has expired' : 'the certificate expires soon');
  };
  pemFiles?.listen(tell, ({ certificate }) => {
    newest = certificate;
    tell();
  });
  setInterval(tell, day).unref();
}
