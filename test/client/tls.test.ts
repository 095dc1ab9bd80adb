import assert from 'node:assert/strict';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tlsCredentials } from '../../src/client/tls.js';
import { makeAuthority, makeCertificate } from '../certificates.js';
import { indexedSamples, startServer, temporaryFolder, tributary } from '../fleet.js';

test('every command that connects does so by TLS with a certificate of its own, and not without', async (t) => {
  const folder = await temporaryFolder(t);
  for (const name of ['authority', 'strangers']) makeAuthority(folder, name);
  const server = makeCertificate(folder, 'server', 'authority');
  const client = makeCertificate(folder, 'client', 'authority');
  const stranger = makeCertificate(folder, 'stranger', 'strangers');
  const authority = join(folder, 'authority.pem');
  const config = await indexedSamples(t);
  const by = ['--tls-cert', server.certificate, '--tls-key', server.key, '--tls-client-ca', authority];
  const [replica, schedule] = await Promise.all([
    startServer(t, 'serve', ['--config', config, '--workers', '1', '--metrics-listen', '127.0.0.1:0', ...by]),
    startServer(t, 'schedule', ['--config', config, ...by]),
  ]);
  const as = ({ certificate, key }: typeof client) => [
    ...['--tls-ca', authority, '--tls-cert', certificate, '--tls-key', key],
  ];
  const one = ['--address', replica.address, '--run', 'seven', '--patience', '10'];
  const header = join(folder, '0000-00000003-r0of1.json');
  const runs = [
    ['health', '--address', replica.address],
    ['health', '--address', schedule.address],
    ['fetch', ...one, '--epoch', '0', '--step', '3', '--out', folder],
    ['replay', header, '--address', replica.address],
    ['train', ...one, '--schedule', schedule.address, '--epochs', '1'],
  ];
  for (const args of runs) {
    const { code, stderr } = await tributary([...args, ...as(client)]);
    assert.equal(code, 0, `${args[0]}: ${stderr}`);
  }
  assert.equal(JSON.parse(await readFile(header, 'utf8')).address.step, 3);
  for (const wrong of [[], ['--tls-ca', authority], ['--tls'], as(stranger)]) {
    const { code, stderr } = await tributary(['health', '--address', replica.address, ...wrong]);
    assert.equal(code, 1, wrong.join(' '));
    assert.match(stderr, /^tributary: .*\n$/);
  }
  const probe = await fetch(`http://127.0.0.1:${replica.metricsPort}/readyz`);
  assert.equal(probe.status, 200, 'a probe of the same machine needs no certificate');
});

test('a certificate that is renewed holds for the next connection of a server that runs', async (t) => {
  const folder = await temporaryFolder(t);
  for (const name of ['old', 'new']) makeAuthority(folder, name);
  const place = { certificate: join(folder, 'tls.pem'), key: join(folder, 'tls.key') };
  const put = async (name: string) => {
    const { certificate, key } = makeCertificate(folder, `by-${name}`, name);
    await copyFile(certificate, place.certificate);
    await copyFile(key, place.key);
  };
  await put('old');
  const by = ['--tls-cert', place.certificate, '--tls-key', place.key];
  const server = await startServer(t, 'schedule', ['--config', await indexedSamples(t), ...by]);
  const trusted = async (authority: string): Promise<boolean> => {
    const args = ['--address', server.address, '--tls-ca', join(folder, `${authority}.pem`)];
    return (await tributary(['health', ...args])).code === 0;
  };
  assert.deepEqual([await trusted('old'), await trusted('new')], [true, false]);
  await put('new');
  for (const end = Date.now() + 40_000; !(await trusted('new')); ) assert.ok(Date.now() < end, 'never renewed');
  assert.equal(await trusted('old'), false);
});

test('a certificate without its key is refused', async () => {
  await assert.rejects(
    tlsCredentials({ certificate: 'a.pem' }),
    /certificate and its key together, but got the certificate/,
  );
  await assert.rejects(tlsCredentials({ key: 'a.key' }), /but got the key alone/);
});
