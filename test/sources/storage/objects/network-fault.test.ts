import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostOf, networkFault } from '../../../../src/sources/storage/objects/network-fault.js';

test('all faults of the network may pass, and a certificate that does not hold is for a person to mend', () => {
  const url = 'https://host:1/a/b';
  const gone = networkFault(url, Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
  assert.deepEqual([gone.mayPass, gone.remedy, gone.code], [true, null, 'ENOTFOUND']);
  assert.match(gone.message, /^https:\/\/host:1: no address of that name/);
  const untrusted = networkFault(url, Object.assign(new Error('self-signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }));
  assert.match(untrusted.remedy!, /NODE_EXTRA_CA_CERTS/);
  assert.equal(hostOf('s3://bucket/a'), 's3://bucket');
});
