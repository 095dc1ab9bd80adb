import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setPriority } from 'node:os';
import { attacks } from './attacks.js';

// node attacker.js PORT ATTACK: attacks the server on that port of this machine until SIGTERM, from an address of its own.
const [port, name] = process.argv.slice(2);
// On a small machine an attacker is not to take the cores from those whom it attacks: it may only ask.
setPriority(19);
const door = createServer((from) => {
  const to = connect({ port: Number(port), host: '127.0.0.1', localAddress: '127.0.0.2' });
  from.pipe(to).pipe(from);
  from.on('error', () => to.destroy()).on('close', () => to.destroy());
  to.on('error', () => from.destroy()).on('close', () => from.destroy());
}).listen(0, '127.0.0.1');
await once(door, 'listening');
const stop = new AbortController();
process.once('SIGTERM', () => {
  stop.abort();
  setTimeout(() => process.exit(0), 200);
});
process.send?.('ready');
await attacks[name!]!(`127.0.0.1:${(door.address() as AddressInfo).port}`, stop.signal);
process.exit(0);
