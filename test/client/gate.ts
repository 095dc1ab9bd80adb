import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A way to a replica that is shut: every connection is ended as it comes. Open it for so many bytes that come back. */
export class Gate {
  readonly #events = new EventEmitter();
  readonly #sockets = new Set<Socket>();
  #left = 0;
  address = '';

  static async to(t: TestContext, replica: string): Promise<Gate> {
    const gate = new Gate();
    const server = createServer((client) => gate.#pass(client, replica));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    gate.address = `127.0.0.1:${(server.address() as { port: number }).port}`;
    t.after(() => {
      for (const socket of gate.#sockets) socket.destroy();
      server.close();
    });
    return gate;
  }

  open(bytes: number): void {
    this.#left = bytes;
  }

  /** Waits for the next connection that is ended. */
  async refused(): Promise<void> {
    await once(this.#events, 'refused');
  }

  #pass(client: Socket, to: string): void {
    if (this.#left <= 0) {
      client.destroy();
      this.#events.emit('refused');
      return;
    }
    const [host, port] = to.split(':');
    const replica = connect(Number(port), host);
    for (const socket of [client, replica]) {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => [client, replica].map((other) => other.destroy()));
    }
    client.pipe(replica);
    replica.on('data', (bytes: Buffer) => {
      this.#left -= bytes.length;
      if (this.#left > 0) client.write(bytes);
      else client.destroy();
    });
  }
}
