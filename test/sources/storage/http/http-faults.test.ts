import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpFault } from '../../../../src/sources/storage/http/http-faults.js';

test('no status but those of nothing there is the sample’s own fault, and what a person must mend is told', () => {
  for (const status of [301, 400, 401, 403, 429, 500, 503]) assert.ok(httpFault('http://h/a', status).mayPass);
  assert.equal(httpFault('http://h/a', 503).remedy, null);
  for (const status of [302, 401, 403]) assert.notEqual(httpFault('http://h/a', status).remedy, null);
  assert.match(httpFault('http://h/a', 403).message, /^http:\/\/h: not allowed to read it \(HTTP 403\)/);
});
