import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PemFiles } from '../../src/contract/pem-files.js';
import { Metrics } from '../../src/server/metrics.js';
import { listenOverHttp } from '../../src/server/metrics-http.js';
import { makeAuthority, makeCertificate } from '../certificates.js';
import { temporaryFolder } from '../fleet.js';

async function plainGet(url: string): Promise<[number, string]> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return [response.status, await response.text()];
}

test('metrics, health and readiness are served over HTTP', async (t) => {
  const { registry } = new Metrics();
  let ready = true;
  const server = await listenOverHttp(registry, [0, '127.0.0.1'], () => (ready ? 'ready' : 'draining'));
  t.after(() => server.close());
  const at = (path: string) => plainGet(`http://127.0.0.1:${server.port}${path}`);
  assert.match((await at('/metrics'))[1], /^tributary_streams_active 0$/m);
  assert.deepEqual(await at('/healthz'), [200, 'ok\n']);
  assert.deepEqual(await at('/readyz'), [200, 'ready\n']);
  ready = false;
  assert.deepEqual(await at('/readyz'), [503, 'draining\n']);
  assert.equal((await at('/other'))[0], 404);
  await assert.rejects(
    listenOverHttp(registry, [server.port, '127.0.0.1'], () => 'ready'),
    { code: 'EADDRINUSE' },
  );
  server.close();
  await assert.rejects(at('/healthz'));
});

/** A server with a certificate; its port and authority. */
async function secured(t: TestContext, host: string) {
  const folder = await temporaryFolder(t);
  makeAuthority(folder, 'authority');
  const pemFiles = await PemFiles.open(makeCertificate(folder, 'server', 'authority'));
  const server = await listenOverHttp(new Metrics().registry, [0, host], () => 'ready', pemFiles);
  t.after(() => server.close());
  return { port: server.port, ca: readFileSync(join(folder, 'authority.pem')) };
}

test('with a certificate they are served over HTTPS, and plainly to this machine alone', async (t) => {
  const { port, ca } = await secured(t, '0.0.0.0');
  const body = await new Promise<string>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/readyz', ca, agent: false }, (response) => {
      response.setEncoding('utf8').once('data', resolve);
    }).once('error', reject);
  });
  assert.equal(body, 'ready\n');
  assert.deepEqual(await plainGet(`http://127.0.0.1:${port}/readyz`), [200, 'ready\n']);
  const other = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
  if (other === undefined) return t.diagnostic('no address but that of this machine: what others see is not tried');
  assert.deepEqual(await plainGet(`http://${other}:${port}/metrics`), [400, 'expected https\n']);
});
