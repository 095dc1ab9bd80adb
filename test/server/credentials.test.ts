import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Reason } from '../../src/errors.js';
import { TributaryError } from '../../src/errors.js';
import { serverCredentials, type TransportOptions } from '../../src/server/credentials.js';
import { temporaryFolder } from '../fleet.js';

const refused = (options: TransportOptions, message: RegExp, reason: Reason = 'ARGUMENT_INVALID') =>
  assert.rejects(serverCredentials(options), (error) => {
    assert.ok(error instanceof TributaryError && error.reason === reason, String(error));
    assert.match(error.message, message);
    return true;
  });

test('plain connections are for this machine, or for whoever says so', async () => {
  for (const listen of ['127.0.0.1:0', 'localhost:1', '[::1]:1', '127.9.9.9:1'])
    assert.equal((await serverCredentials({ listen }))._isSecure(), false, listen);
  assert.equal((await serverCredentials({ listen: '0.0.0.0:1', insecure: true }))._isSecure(), false);
  for (const listen of ['0.0.0.0:1', '10.0.0.1:1', '[::]:1', 'localhost.example.org:1'])
    await refused({ listen }, /TLS where other machines can connect.*--insecure/);
});

test('a certificate and its key make TLS, and half of them is refused', async (t) => {
  const folder = await temporaryFolder(t);
  const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const subject = ['-nodes', '-days', '1', '-subj', '/CN=localhost'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', tlsKey, '-out', tlsCert], {
    stdio: 'ignore',
  });
  const listen = '0.0.0.0:1';
  assert.equal((await serverCredentials({ listen, tlsCert, tlsKey }))._isSecure(), true);
  assert.equal((await serverCredentials({ listen, tlsCert, tlsKey, tlsClientCa: tlsCert }))._isSecure(), true);
  await refused({ listen, tlsCert }, /but got --tls-cert alone/);
  await refused({ listen, tlsKey }, /but got --tls-key alone/);
  await refused({ listen, tlsClientCa: tlsCert }, /but got --tls-client-ca alone/);
  await refused({ listen, tlsCert: join(folder, 'none'), tlsKey }, /to read .*none, but got ENOENT/);
});
