import { StorageFault } from '../storage.js';

const certificates =
  "Give this process the certificate of the store's own authority in the variable NODE_EXTRA_CA_CERTS, or mend the store's";

/** What stands between this process and a store, by the code of Node's error: all may pass but a certificate that does not hold. */
export function networkFault(url: string, error: unknown): StorageFault {
  const { code = 'NETWORK', message } = error as NodeJS.ErrnoException;
  const isCertificate = /CERT|SELF_SIGNED|ERR_TLS/.test(code);
  const what = isCertificate ? `a certificate that does not hold (${code})` : (meanings[code] ?? message);
  return new StorageFault(
    url,
    code,
    true,
    `${hostOf(url)}: ${what}`,
    undefined,
    isCertificate ? certificates : undefined,
  );
}

const meanings: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no address of that name (ENOTFOUND)',
  EAI_AGAIN: 'the name server does not answer (EAI_AGAIN)',
  ECONNREFUSED: 'nobody listens there (ECONNREFUSED)',
  ECONNRESET: 'the connection was cut (ECONNRESET)',
};

/** Where a URL leads, for people. */
export function hostOf(url: string): string {
  return /^[^:]*:\/\/[^/]*/.exec(url)?.[0] ?? url;
}
