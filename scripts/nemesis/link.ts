import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** How a link is: what it does to the bytes that pass. */
export type Quality =
  | { readonly kind: 'sound' }
  /** Connections are reset, and none is taken. */
  | { readonly kind: 'cut' }
  /** Bytes wait until it is sound again. */
  | { readonly kind: 'stalled' }
  | { readonly kind: 'slow'; readonly milliseconds: number }
  | { readonly kind: 'trickling'; readonly bytesPerSecond: number };

/** A link between clients and one replica: a port of this machine that stays, whatever becomes of the replica. */
export class Link {
  /** The replica's port; 0 while there is none. */
  target = 0;
  #quality: Quality = { kind: 'sound' };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  private constructor() {
    this.#server = createServer((near) => this.#join(near));
  }

  static async open(): Promise<Link> {
    const link = new Link();
    await new Promise<void>((resolve) => link.#server.listen(0, '127.0.0.1', resolve));
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  set quality(quality: Quality) {
    this.#quality = quality;
    if (quality.kind === 'cut') for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#changes.emit('change');
  }

  close(): void {
    this.quality = { kind: 'cut' };
    this.#server.close();
  }

  #join(near: Socket): void {
    if (this.#quality.kind === 'cut' || this.target === 0) return void near.resetAndDestroy();
    const far = connect(this.target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => {});
      from.on('data', (bytes) => {
        from.pause();
        void this.#pass(bytes, to).then(() => from.resume());
      });
      from.on('end', () => to.end());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }

  async #pass(bytes: Buffer, to: Socket): Promise<void> {
    for (let sent = 0; sent < bytes.length && !to.destroyed; ) {
      const quality = this.#quality;
      let part = bytes.length - sent;
      if (quality.kind === 'stalled') {
        await once(this.#changes, 'change');
        continue;
      }
      if (quality.kind === 'slow') await wait(quality.milliseconds);
      if (quality.kind === 'trickling') {
        part = Math.min(part, Math.ceil(quality.bytesPerSecond / 20));
        await wait(50);
      }
      await new Promise((resolve) => to.write(bytes.subarray(sent, sent + part), resolve));
      sent += part;
    }
  }
}
