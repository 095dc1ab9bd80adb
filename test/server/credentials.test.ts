import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Reason } from '../../src/errors.js';
import { TributaryError } from '../../src/errors.js';
import { secure, type TransportOptions } from '../../src/server/credentials.js';
import { makeAuthority, makeCertificate } from '../certificates.js';
import { temporaryFolder } from '../fleet.js';

const refused = (options: TransportOptions, message: RegExp, reason: Reason = 'ARGUMENT_INVALID') =>
  assert.rejects(secure(options), (error) => {
    assert.ok(error instanceof TributaryError && error.reason === reason, String(error));
    assert.match(error.message, message);
    return true;
  });

test('plain connections are for this machine, or for whoever says so', async () => {
  for (const listen of ['127.0.0.1:0', 'localhost:1', '[::1]:1', '127.9.9.9:1'])
    assert.equal((await secure({ listen })).credentials._isSecure(), false, listen);
  assert.equal((await secure({ listen: '0.0.0.0:1', insecure: true })).credentials._isSecure(), false);
  for (const listen of ['0.0.0.0:1', '10.0.0.1:1', '[::]:1', 'localhost.example.org:1'])
    await refused({ listen }, /TLS where other machines can connect.*--insecure/);
  const plain = { listen: '127.0.0.1:0', metricsListen: '0.0.0.0:9464' };
  await refused(plain, /but got --metrics-listen 0\.0\.0\.0:9464 without it/);
  assert.equal((await secure({ ...plain, insecure: true })).pemFiles, undefined);
});

test('a certificate and its key make TLS, and half of them is refused', async (t) => {
  const folder = await temporaryFolder(t);
  makeAuthority(folder, 'authority');
  const { certificate: tlsCert, key: tlsKey } = makeCertificate(folder, 'server', 'authority');
  const listen = '0.0.0.0:1';
  assert.equal((await secure({ listen, tlsCert, tlsKey })).credentials._isSecure(), true);
  assert.equal((await secure({ listen, tlsCert, tlsKey, tlsClientCa: tlsCert })).credentials._isSecure(), true);
  await refused({ listen, tlsCert }, /but got --tls-cert alone/);
  await refused({ listen, tlsKey }, /but got --tls-key alone/);
  await refused({ listen, tlsClientCa: tlsCert }, /but got --tls-client-ca alone/);
  await refused({ listen, tlsCert: join(folder, 'none'), tlsKey }, /to read .*none, but got ENOENT/);
});
