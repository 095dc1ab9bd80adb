import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { Loader } from '../../src/client/loader.js';
import { tlsCredentials } from '../../src/client/tls.js';
import { TributaryError } from '../../src/errors.js';
import { secure } from '../../src/server/credentials.js';
import { Gate } from '../../src/server/gate.js';
import { serveLoader } from '../../src/server/start-server.js';
import { type Called, Tokens } from '../../src/server/tokens.js';
import { makeAuthority, makeCertificate } from '../certificates.js';
import { temporaryFolder } from '../fleet.js';
import { signer } from './signer.js';
import { smallReplica } from './small-replica.js';

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
const clients = {
  alice: { tokens: [hashOf('of-alice'), hashOf('of-alice-too')] },
  bob: { tokens: [hashOf('of-bob')], runs: ['other'], inline_runs: false },
  hasty: { tokens: [hashOf('of-hasty')], calls_per_second: 1 },
  certified: {},
};

function call(authorization: string | null, certified?: string): Called {
  return {
    getPeer: () => '10.0.0.1:5',
    getAuthContext: () =>
      certified === undefined ? {} : { sslPeerCertificate: { subject: { CN: certified } } as never },
    metadata: { get: () => (authorization === null ? [] : [authorization]) },
  };
}

const reason = (name: string) => (error: unknown) => error instanceof TributaryError && error.reason === name;

test('a client is whose token it brings, or whose name its certificate has', async (t) => {
  const file = join(await temporaryFolder(t), 'tokens.yaml');
  await writeFile(file, stringify({ clients }));
  const tokens = await Tokens.open({ tokens: file });
  t.after(() => tokens.close());
  const clientOf = async (given: Called): Promise<string> => (await tokens.identify(given)).client;
  const alice = { client: 'name alice', runs: null, inlineRuns: true };
  assert.deepEqual(await tokens.identify(call('Bearer of-alice')), alice);
  assert.equal(await clientOf(call('bearer of-alice-too')), 'name alice');
  assert.deepEqual((await tokens.identify(call('Bearer of-bob'))).runs, ['other']);
  assert.equal(await clientOf(call(null, 'certified')), 'name certified');
  const strangers = [call(null), call(null, 'nobody'), call(null, 'constructor'), call('Bearer '), call('of-alice')];
  // A token that is wrong is not made good by a certificate, and no part of one is as good as all of it.
  strangers.push(call('Bearer of-alice2'), call(`Bearer ${hashOf('of-alice')}`), call('Bearer x', 'certified'));
  for (let length = 1; length < 'of-alice'.length; length++)
    strangers.push(call(`Bearer ${'of-alice'.slice(0, length)}`));
  for (const stranger of strangers) await assert.rejects(tokens.identify(stranger), reason('NOT_AUTHENTICATED'));
  const calls = Array.from({ length: 60 }, () => tokens.identify(call('Bearer of-hasty')));
  const refused = (await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected');
  assert.ok(
    refused.length > 20 && refused.every((each) => reason('REPLICA_BUSY')((each as PromiseRejectedResult).reason)),
  );
  await writeFile(file, stringify({ clients: { bob: clients.bob } }));
  await tokens.read();
  await assert.rejects(tokens.identify(call('Bearer of-alice')), reason('NOT_AUTHENTICATED'));
  await writeFile(file, 'clients: {bob: {tokens: [of-bob]}}');
  await assert.rejects(tokens.read(), reason('CONFIG_INVALID'));
  assert.equal(await clientOf(call('Bearer of-bob')), 'name bob');
});

test('a client is also whom a JSON Web Token names that a key of the issuer has signed for this server', async (t) => {
  const file = join(await temporaryFolder(t), 'jwks.json');
  const [first, second] = await Promise.all([signer('first', 'ES256'), signer('second', 'RS256')]);
  await writeFile(file, JSON.stringify({ keys: [first.key] }));
  const tokens = await Tokens.open({ jwks: file, jwtIssuer: 'https://issuer.example', jwtAudience: 'tributary' });
  t.after(() => tokens.close());
  const claims = { sub: 'carol', runs: ['other'], inline_runs: false, calls_per_second: 1 };
  const found = await tokens.identify(call(`Bearer ${await first.sign(claims)}`));
  assert.deepEqual(found, { client: 'name carol', runs: ['other'], inlineRuns: false });
  const busy = async (): Promise<void> => {
    const token = await first.sign(claims);
    for (let calls = 0; calls < 60; calls++) await tokens.identify(call(`Bearer ${token}`));
  };
  await assert.rejects(busy(), reason('REPLICA_BUSY'));
  const dave = await second.sign({ sub: 'dave' });
  await assert.rejects(tokens.identify(call(`Bearer ${dave}`)), reason('NOT_AUTHENTICATED'));
  // The issuer changes its key.
  await writeFile(file, JSON.stringify({ keys: [second.key] }));
  await tokens.read();
  assert.equal((await tokens.identify(call(`Bearer ${dave}`))).client, 'name dave');
  await assert.rejects(busy(), reason('NOT_AUTHENTICATED'));
  for (const wrong of [{ sub: 'a b' }, { sub: 7 }, { sub: 'x', runs: 'all' }, {}, { sub: 'x', calls_per_second: 0 }])
    await assert.rejects(tokens.identify(call(`Bearer ${await second.sign(wrong)}`)), reason('NOT_AUTHENTICATED'));
});

test('a server with tokens answers those alone who bring one, by TLS, and for what they may ask', async (t) => {
  const folder = await temporaryFolder(t);
  makeAuthority(folder, 'authority');
  const { certificate: tlsCert, key: tlsKey } = makeCertificate(folder, 'server', 'authority');
  const file = join(folder, 'tokens.yaml');
  await writeFile(file, stringify({ clients }));
  const listen = '127.0.0.1:0';
  await assert.rejects(secure({ listen, tokens: file }), /TLS where clients send tokens/);
  const tokens = await Tokens.open({ tokens: file });
  t.after(() => tokens.close());
  const replica = { ...(await smallReplica(t)), gate: new Gate(tokens) };
  const security = await secure({ listen, tlsCert, tlsKey, tokens: file });
  const { port, drain } = await serveLoader(replica, { listen, ...security });
  t.after(() => drain(0));
  const authority = join(folder, 'authority.pem');
  const described = async (token: string | null): Promise<string> => {
    const tokenFile = token === null ? undefined : join(folder, token);
    if (tokenFile !== undefined) await writeFile(tokenFile, `${token}\n`);
    const credentials = await tlsCredentials({ authority, tokenFile });
    const loader = await Loader.connect({ address: `127.0.0.1:${port}`, run: { name: 'small' }, credentials });
    t.after(() => loader.close());
    return (await loader.describe()).name;
  };
  assert.equal(await described('of-alice'), 'small');
  for (const token of ['of-nobody', null]) await assert.rejects(described(token), reason('NOT_AUTHENTICATED'));
  await assert.rejects(described('of-bob'), reason('NOT_ALLOWED'));
  const metrics = await replica.metrics.registry.metrics();
  assert.match(metrics, /tributary_client_calls_total{client="alice"} 1/);
  await assert.rejects(tlsCredentials({ authority, tokenFile: join(folder, 'none') }), reason('ARGUMENT_INVALID'));

  await t.test('a connection that never becomes one of TLS is closed within 10 s', { timeout: 25_000 }, async () => {
    const socket = connect(port, '127.0.0.1');
    const start = performance.now();
    socket.on('error', () => {}).resume();
    await new Promise((resolve) => socket.once('close', resolve));
    assert.ok(performance.now() - start < 20_000);
  });
});
