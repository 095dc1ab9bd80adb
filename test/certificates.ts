import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const newKey = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority in a folder: `NAME.pem` and `NAME.key`. */
export function makeAuthority(folder: string, name: string): void {
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)];
  openssl([...newKey, '-x509', '-days', '2', '-subj', `/CN=${name}`, ...files]);
}

/** Makes a certificate of 127.0.0.1 and localhost by an authority: `NAME.pem` and `NAME.key`. Returns their paths. */
export function makeCertificate(folder: string, name: string, authority: string): { certificate: string; key: string } {
  const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const by = ['-CA', join(folder, `${authority}.pem`), '-CAkey', join(folder, `${authority}.key`)];
  const names = [
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
    '-addext',
    'basicConstraints=critical,CA:FALSE',
  ];
  openssl([
    ...newKey,
    '-x509',
    ...by,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    ...names,
    '-keyout',
    key,
    '-out',
    certificate,
  ]);
  return { certificate, key };
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
