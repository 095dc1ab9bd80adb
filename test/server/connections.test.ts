import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ServerCredentials } from '@grpc/grpc-js';
import { Loader } from '../../src/client/loader.js';
import {
  type ConnectionBounds,
  Connections,
  connectionBounds,
  goAway,
  type Refusal,
} from '../../src/server/connections.js';
import { serveLoader } from '../../src/server/start-server.js';
import { indexedSamples, startServer } from '../fleet.js';
import { all } from '../guarantees/epoch.js';
import { smallReplica } from './small-replica.js';

const unhurried = { perSecond: 1_000 };

/** A door with bounds, and what it refused. */
async function open(t: TestContext, bounds: ConnectionBounds) {
  const refused: [Refusal, string][] = [];
  const taken: Socket[] = [];
  const connections = new Connections(bounds, {
    take: (socket) => void taken.push(socket.resume().on('error', () => {})),
    say: goAway,
    onRefused: (refusal, client) => void refused.push([refusal, client]),
  });
  const server = createServer((socket) => connections.open(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    connections.close();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  /** A connection of a client, once it is there, or what it was told. */
  const from = (localAddress: string): Promise<Socket> => connected(t, port, localAddress);
  return { connections, taken, refused, from };
}

async function connected(t: TestContext, port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function read(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('latin1');
}

test('a client has no more connections than it may, and is told so', async (t) => {
  const { connections, refused, from } = await open(t, { all: 10, ofClient: 2, ...unhurried });
  const [first] = [await from('127.0.0.2'), await from('127.0.0.2')];
  assert.match(await read(await from('127.0.0.2')), /expected at most 2 connections of 127\.0\.0\.2, but got more/);
  await from('127.0.0.3');
  assert.deepEqual([connections.size, refused], [3, [['client', '127.0.0.2']]]);
  first!.destroy();
  while (connections.size === 3) await new Promise(setImmediate);
  await from('127.0.0.2');
  while (connections.size === 2) await new Promise(setImmediate);
});

test('where all places are taken the client with the most gives its newest up for one with fewer', async (t) => {
  const { connections, taken, refused, from } = await open(t, { all: 4, ofClient: 4, ...unhurried });
  const many = [];
  for (let count = 0; count < 4; count++) many.push(await from('127.0.0.2'));
  await from('127.0.0.3');
  await from('127.0.0.4');
  await Promise.all(many.slice(2).map((socket) => new Promise((resolve) => socket.resume().once('close', resolve))));
  assert.deepEqual(
    many.map(({ destroyed }) => destroyed),
    [false, false, true, true],
  );
  assert.match(await read(await from('127.0.0.3')), /expected at most 4 connections, but got more/);
  assert.deepEqual(
    refused.map(([refusal]) => refusal),
    ['all', 'all', 'all'],
  );
  assert.deepEqual([connections.size, taken.length], [4, 6]);
});

test('a client opens connections no faster than it may, however soon it closes them', async (t) => {
  const { refused, from } = await open(t, { all: 100, ofClient: 100, perSecond: 1 });
  for (let count = 0; count < 8; count++) (await from('127.0.0.2')).destroy();
  while (refused.length < 3) await new Promise(setImmediate);
  assert.deepEqual(refused[0], ['rate', '127.0.0.2']);
  await from('127.0.0.3');
});

test('bounds follow from the files that the process may open', () => {
  const { all, ofClient, perSecond } = connectionBounds({}, 100);
  assert.ok(all >= 16 && all <= 2048 && ofClient <= all && perSecond === ofClient / 16);
  assert.deepEqual(connectionBounds({}, 1e9), { all: 16, ofClient: 8, perSecond: 1 });
  const given = connectionBounds({ connections: 300, clientConnections: 160 }, 100);
  assert.deepEqual(given, { all: 300, ofClient: 160, perSecond: 10 });
});

test('a server refuses connections by its bounds, counts them, and lets in who waits for a place', async (t) => {
  const replica = await smallReplica(t);
  const { port, drain } = await serveLoader(replica, {
    listen: '127.0.0.1:0',
    credentials: ServerCredentials.createInsecure(),
    clientConnections: 1,
  });
  t.after(() => drain(0));
  const [address, run] = [`127.0.0.1:${port}`, { name: 'small' }];
  const loader = await Loader.connect({ address, run });
  t.after(() => loader.close());
  assert.equal((await loader.describe()).name, 'small');
  const other = await Loader.connect({ address, run });
  t.after(() => other.close());
  const described = other.describe();
  const refused = /^tributary_connections_refused_total\{reason="client"\} [1-9]/m;
  let metrics = '';
  while (!refused.test(metrics)) {
    await new Promise(setImmediate);
    metrics = await replica.metrics.registry.metrics();
  }
  assert.match(metrics, /^tributary_connections 1$/m);
  loader.close();
  assert.equal((await described).name, 'small');
});

test('thousands of connections of one client leave a good one its batches, and the server its descriptors', async (t) => {
  const config = await indexedSamples(t, {}, 28);
  const descriptors = 300;
  const server = await startServer(t, 'serve', ['--config', config, '--workers', '1'], {
    via: ['bash', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'bash'],
  });
  const port = Number(server.address.split(':')[1]);
  const stop = new AbortController();
  let opened = 0;
  const attacker = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }).on('error', () => {});
      socket.resume();
      opened++;
      await new Promise((resolve) => socket.once('close', resolve));
      await wait(opened < 5_000 ? 0 : 100);
    }
  };
  const attackers = Array.from({ length: 300 }, attacker);
  while (opened < 5_000) await wait(5);
  const loader = await Loader.connect({ address: server.address, run: { name: 'seven' } });
  t.after(() => loader.close());
  assert.ok((await all(loader.batches(0))).length > 2);
  const open = readdirSync(`/proc/${server.process.pid}/fd`).length;
  assert.ok(open < descriptors, `${open} descriptors`);
  stop.abort();
  server.process.kill('SIGKILL');
  await Promise.all(attackers);
  assert.ok(server.log.some(({ msg }) => msg === 'connections are refused'));
});
