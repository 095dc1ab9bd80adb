import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerCredentials } from '@grpc/grpc-js';
import { checkHealth } from '../../src/client/ask-health.js';
import { Loader } from '../../src/client/loader.js';
import { serveLoader } from '../../src/server/start-server.js';
import { serving, smallReplica } from '../server/small-replica.js';

test('a server says of each of its services how it is, and who does not answer is named', async (t) => {
  const address = await serving(t, await smallReplica(t));
  for (const service of ['', 'tributary.v1.LoaderService', 'live'])
    assert.equal(await checkHealth(address, service, { patience: 60 }), 'SERVING');
  await assert.rejects(checkHealth(address, 'tributary.v1.ScheduleService'));
  await assert.rejects(checkHealth('127.0.0.1:1', ''), /127\.0\.0\.1:1, but got UNAVAILABLE .*ECONNREFUSED/);
});

test('replicas, their metrics and their health are reached over IPv6', async (t) => {
  const replica = await smallReplica(t);
  const listen = { listen: '[::1]:0', metricsListen: '[::1]:0', credentials: ServerCredentials.createInsecure() };
  const servers = await Promise.all([serveLoader(replica, listen), serveLoader(replica, listen)]);
  for (const { drain } of servers) t.after(() => drain(0));
  const addresses = servers.map(({ port }) => `[::1]:${port}`);
  for (const { metricsPort } of servers) assert.equal((await fetch(`http://[::1]:${metricsPort}/healthz`)).status, 200);
  for (const address of addresses) assert.equal(await checkHealth(address, '', { patience: 60 }), 'SERVING');
  for (const address of [addresses.join(','), `ipv6:${addresses[0]}`]) {
    const loader = await Loader.connect({ address, run: { name: 'small' }, patience: 10 });
    t.after(() => loader.close());
    for await (const batch of loader.batches(0, 0, 1)) assert.equal(batch.address.step, 0);
  }
});
