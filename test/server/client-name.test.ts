import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientName } from '../../src/server/client-name.js';

function from(peer: string, subject?: { CN?: string | string[] }): string {
  return clientName({
    getPeer: () => peer,
    getAuthContext: () => (subject === undefined ? {} : { sslPeerCertificate: { subject } as never }),
  });
}

test('a client is the name in its certificate, or else its address without the port', () => {
  assert.equal(from('10.0.0.1:50123'), '10.0.0.1');
  assert.equal(from('10.0.0.1:50124'), from('10.0.0.1:50123'));
  assert.equal(from('::ffff:10.0.0.1:50123'), '10.0.0.1', 'as a socket for both protocols has it');
  assert.equal(from('10.0.0.1:50123', { CN: 'trainer-7' }), 'name trainer-7');
  assert.equal(from('10.0.0.1:50123', {}), '10.0.0.1');
  assert.equal(from('unknown'), 'unknown');
});

test('of IPv6 a network of 64 bits counts, as one host has as many addresses as it likes', () => {
  assert.equal(from('2001:db8:1:2:3:4:5:6:50123'), '2001:db8:1:2::/64');
  assert.equal(from('2001:db8:1:2:ffff:4:5:6:50124'), '2001:db8:1:2::/64');
  assert.equal(from('2001:db8::5:50124'), '2001:db8:0:0::/64');
  assert.equal(from('::1:50124'), '0:0:0:0::/64');
  assert.equal(from('fe80::1%eth0:50124'), 'fe80:0:0:0::/64');
});
