import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** The shortest HTTP/2 frame of data that is damaged: shorter ones may hold no pixels. */
const damagedFrom = 4_096;
const frameHead = 9;

/** Passes connections on to a replica, and turns one bit of each large frame of data on its way back. Returns its address. */
export async function damagingProxy(t: TestContext, address: string): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const [host, port] = address.split(':');
    const replica = connect(Number(port), host);
    for (const socket of [client, replica]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => [client, replica].map((other) => other.destroy()));
    }
    client.pipe(replica);
    let rest = Buffer.alloc(0);
    replica.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (;;) {
        const end = frameHead + (rest.length < frameHead ? 0 : rest.readUIntBE(0, 3));
        if (rest.length < frameHead || rest.length < end) return;
        // Type 0 is DATA; the middle of a large one lies in the pixels.
        if (rest[3] === 0 && end > damagedFrom) rest[end >> 1]! ^= 1;
        client.write(rest.subarray(0, end));
        rest = rest.subarray(end);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}
