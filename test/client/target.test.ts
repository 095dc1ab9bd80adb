import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isName, parseTarget, resolve } from '../../src/client/target.js';

const parsed: Record<string, object[]> = {
  'loader:50051': [{ host: 'loader', port: 50051 }],
  'dns:///loader:50051': [{ host: 'loader', port: 50051 }],
  'a:1, 10.0.0.2:2': [
    { host: 'a', port: 1 },
    { host: '10.0.0.2', port: 2 },
  ],
  '[::1]:50051': [{ host: '::1', port: 50051 }],
  'ipv6:[2001:db8::1]:5,[2001:db8::2]:6': [
    { host: '2001:db8::1', port: 5 },
    { host: '2001:db8::2', port: 6 },
  ],
  'ipv4:10.0.0.1:5,10.0.0.2:6': [
    { host: '10.0.0.1', port: 5 },
    { host: '10.0.0.2', port: 6 },
  ],
  'unix:/run/a.sock': [{ socket: '/run/a.sock' }],
  'unix:///run/a.sock': [{ socket: '/run/a.sock' }],
};
for (const [target, endpoints] of Object.entries(parsed))
  test(`${target} is read`, () => assert.deepEqual(parseTarget(target), endpoints));

for (const target of ['loader', 'loader:port', 'loader:0', 'loader:70000', 'http://loader:1', '::1:50051', 'a:1,', ''])
  test(`"${target}" is refused`, () => assert.throws(() => parseTarget(target), /expected an address host:port/));

test('numbers and sockets need no looking up, and names may stand for others later', async () => {
  const endpoints = parseTarget('127.0.0.1:1,[::1]:2,unix:/s,localhost:3,no-such-host.invalid:4');
  assert.deepEqual(endpoints.map(isName), [false, false, false, true, true]);
  const { addresses, failed } = await resolve(endpoints);
  assert.equal(addresses.get('ipv4:127.0.0.1:1'), '127.0.0.1:1');
  assert.equal(addresses.get('ipv6:[::1]:2'), '[::1]:2');
  assert.equal(addresses.get('unix:/s'), 'localhost');
  assert.ok(addresses.has('ipv4:127.0.0.1:3') || addresses.has('ipv6:[::1]:3'));
  assert.deepEqual([...failed.keys()], ['no-such-host.invalid:4']);
});
