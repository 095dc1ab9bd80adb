import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { networkOf } from './client-name.js';
import { Rates } from './rates.js';

/** Connections that a server bears at a time. */
export interface ConnectionBounds {
  /** Of all clients together. */
  readonly all: number;
  /** Of one client: an address, or a network of IPv6. */
  readonly ofClient: number;
  /** Those that a client may open a second, and four times as many at once. */
  readonly perSecond: number;
}

/** Why a connection is not taken, or not kept. */
export type Refusal = 'client' | 'rate' | 'all' | 'silent';

/** What becomes of connections. */
export interface Door {
  /** Takes one that is let in. */
  readonly take: (socket: Socket) => void;
  /** What a connection is told that is refused; nothing where it could not read it. */
  readonly say?: (why: string) => Buffer;
  /** Told of each that opens or closes. */
  readonly onCount?: (change: 1 | -1) => void;
  readonly onRefused?: (refusal: Refusal, client: string) => void;
}

/** Milliseconds in which a connection must have sent something. */
const silentMs = 10_000;
/** Seconds of a client's rate that it may use at once. */
const burstSeconds = 4;
/** Connections that are told why they are refused, at a time, and for how many milliseconds they may read it. */
const [mostTold, tellingMs] = [64, 1_000];
/** What a server bears unless it is told otherwise, where the process may open enough files. */
const usual = { all: 2048, ofClient: 512 };

/**
 * The connections of a server, counted by client: one that opens more than it may, or faster, is refused, and where all places are
 * taken, the client that has the most gives its newest up for one that has fewer. So whoever has no connection gets one.
 */
export class Connections {
  readonly #bounds: ConnectionBounds;
  readonly #door: Door;
  readonly #clients = new Map<string, Set<Socket>>();
  readonly #rates = new Rates();
  readonly #told = new Set<Socket>();
  readonly #closed = new EventEmitter();
  #size = 0;

  constructor(bounds: ConnectionBounds, door: Door) {
    this.#bounds = bounds;
    this.#door = door;
  }

  /** Connections that are open. */
  get size(): number {
    return this.#size;
  }

  /** Takes a new connection, or refuses it. */
  open(socket: Socket): void {
    // One that has gone at once has no address.
    const client = networkOf(socket.remoteAddress ?? '');
    const own = this.#clients.get(client) ?? new Set();
    const refusal = this.#refusal(client, own.size);
    if (refusal !== null) {
      this.#refuse(socket, refusal, client);
      return;
    }
    this.#clients.set(client, own.add(socket));
    this.#size++;
    this.#door.onCount?.(1);
    const silent = setTimeout(() => {
      if (socket.bytesRead > 0) return;
      this.#door.onRefused?.('silent', client);
      socket.destroy();
    }, silentMs).unref();
    socket.once('close', () => {
      clearTimeout(silent);
      this.#size--;
      this.#closed.emit('one');
      this.#door.onCount?.(-1);
      own.delete(socket);
      if (own.size === 0 && this.#clients.get(client) === own) this.#clients.delete(client);
    });
    this.#door.take(socket);
  }

  /** Resolves once none is open. */
  async ended(): Promise<void> {
    while (this.#size > 0) await once(this.#closed, 'one');
  }

  /** Ends all that is open. */
  close(): void {
    for (const own of this.#clients.values()) for (const socket of own) socket.destroy();
    for (const socket of this.#told) socket.destroy();
  }

  #refusal(client: string, open: number): Refusal | null {
    const { all, ofClient, perSecond } = this.#bounds;
    if (open >= ofClient) return 'client';
    if (!this.#rates.take(client, perSecond, perSecond * burstSeconds)) return 'rate';
    if (this.#size < all) return null;
    const most = this.#most();
    if (most.size <= open + 1) return 'all';
    const newest = [...most].at(-1)!;
    this.#door.onRefused?.('all', networkOf(newest.remoteAddress ?? ''));
    newest.destroy();
    return null;
  }

  /** The connections of the client that has the most. */
  #most(): ReadonlySet<Socket> {
    let most: ReadonlySet<Socket> = new Set();
    for (const own of this.#clients.values()) if (own.size > most.size) most = own;
    return most;
  }

  #refuse(socket: Socket, refusal: Refusal, client: string): void {
    this.#door.onRefused?.(refusal, client);
    socket.on('error', () => {});
    const { say } = this.#door;
    if (say === undefined || this.#told.size >= mostTold) return void socket.resetAndDestroy();
    this.#told.add(socket);
    const timer = setTimeout(() => socket.destroy(), tellingMs).unref();
    socket.once('close', () => {
      clearTimeout(timer);
      this.#told.delete(socket);
    });
    // What it has sent is read, or its end would be a reset, which takes what was told with it.
    socket.resume().end(say(this.#why(refusal, client)));
  }

  #why(refusal: Refusal, client: string): string {
    const { all, ofClient, perSecond } = this.#bounds;
    const expected = {
      client: `at most ${ofClient} connections of ${client}`,
      rate: `at most ${perSecond} new connections a second of ${client}`,
      all: `at most ${all} connections`,
      silent: 'a connection that is used',
    }[refusal];
    return `expected ${expected}, but got more. Connect later, or raise --connections or --client-connections of the server.`;
  }
}

/** What HTTP/2 is told by before a connection is closed: settings, and that it goes away, ENHANCE_YOUR_CALM, and why. */
export function goAway(why: string): Buffer {
  const text = Buffer.from(why);
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const head = Buffer.from([0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11]);
  head.writeUIntBE(8 + text.length, 0, 3);
  return Buffer.concat([settings, head, text]);
}

/**
 * The bounds of a process, within what it may open of files.
 *
 * @param beside files that it opens beside connections.
 */
export function connectionBounds(
  { connections, clientConnections }: { connections?: number | undefined; clientConnections?: number | undefined },
  beside: number,
): ConnectionBounds {
  const all = connections ?? Math.max(16, Math.min(usual.all, mostFiles() - beside));
  const ofClient = clientConnections ?? Math.min(usual.ofClient, Math.ceil(all / 2));
  return { all, ofClient, perSecond: Math.max(1, ofClient / 16) };
}

/** Files that this process may have open. */
function mostFiles(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return 1024;
  }
}
