import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { tellExpiry } from '../../src/cli/tell-expiry.js';
import { PemFiles } from '../../src/contract/pem-files.js';
import { makeAuthority, makeCertificate } from '../certificates.js';
import { temporaryFolder } from '../fleet.js';

test('a certificate that ends in two days is warned of', async (t) => {
  const folder = await temporaryFolder(t);
  makeAuthority(folder, 'authority');
  const told = new EventEmitter();
  const warn = (line: object, message: string): boolean => told.emit('told', line, message);
  tellExpiry(await PemFiles.open(makeCertificate(folder, 'server', 'authority')), { warn } as never);
  const [line, message] = await once(told, 'told');
  assert.equal(message, 'the certificate expires soon');
  assert.equal(line.subject, 'CN=server');
});
