import {
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  connectivityState,
  credentials,
} from '@grpc/grpc-js';
import { TributaryError } from '../errors.js';
import { channelOptions, rules } from './behaviour.js';
import { Clock } from './clock.js';
import type { Failure } from './failure.js';
import { type Endpoint, isName, parseTarget, resolve } from './target.js';
import { type Wait, Waiting } from './waiting.js';

/** Where replicas are, and how to reach them. */
export interface ConnectOptions {
  /** `host:port`, several with commas between, or targets of gRPC's own forms (`dns:///loader:50051`, `unix:/socket`). */
  readonly address: string;
  readonly credentials?: ChannelCredentials;
  /** Is told what is waited for, from the first seconds of a wait on, and again where that changes. */
  readonly onWait?: (wait: Wait) => void;
}

/** A service's client, as proto-loader makes it. */
export type ClientClass<Service extends Client> = new (
  address: string,
  credentials: ChannelCredentials,
  options: ChannelOptions,
) => Service;

/** One connection to an address, and what is known of it. Times are those of `performance.now()`. */
export class Replica<Service extends Client = Client> {
  /** In gRPC's form: `ipv4:10.0.0.1:50051`. */
  readonly address: string;
  /** Of this connection among all. */
  readonly key: string;
  /** As people write it: `10.0.0.1:50051`. */
  readonly name: string;
  /** The part of the target that it is from. */
  readonly authority: string;
  /** Streams of ours that it serves. */
  streams = 0;
  failures = 0;
  retryAt = 0;
  slowUntil = 0;
  /** Whether its name does not stand for it any more. */
  gone = false;
  refused: TributaryError | null = null;
  lastError: TributaryError | null = null;
  client: Service | null = null;

  /** @param connection which of several to the address: a host's processes share one. */
  constructor(address: string, authority: string, connection = 0) {
    this.address = address;
    this.key = keyOf(address, connection);
    this.name = address.replace(/^ip(v4|v6):/, '');
    this.authority = authority;
  }
}

/**
 * Which replicas there are, which of them are well, and a channel to each. gRPC's own balancing would hide which replica
 * answers, and so could not keep a second attempt away from the first one's. Names are looked up again while this is open: a
 * replica that was added gets streams, and one that was removed gets no new ones.
 */
export class Replicas<Service extends Client> {
  readonly #Service: ClientClass<Service>;
  readonly #endpoints: readonly Endpoint[];
  readonly #credentials: ChannelCredentials | undefined;
  readonly #known = new Map<string, Replica<Service>>();
  readonly #waits: Waiting;
  #unresolved: ReadonlyMap<string, string> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #waiting: (() => void)[] = [];
  /** What waits for a replica goes by it; pauses go by the plain clock. */
  readonly clock = new Clock();

  private constructor(service: ClientClass<Service>, { address, credentials, onWait }: ConnectOptions) {
    this.#Service = service;
    this.#endpoints = parseTarget(address);
    this.#credentials = credentials;
    this.#waits = new Waiting(onWait);
  }

  /** @param resolveInterval seconds between two looks at a name */
  static async open<Service extends Client>(
    service: ClientClass<Service>,
    options: ConnectOptions,
    resolveInterval: number,
  ): Promise<Replicas<Service>> {
    const replicas = new Replicas(service, options);
    await replicas.refresh();
    if (replicas.#endpoints.some(isName))
      // What it cannot get past, the next who asks meets as well, and has somebody to tell.
      replicas.#timer = setInterval(() => void replicas.refresh().catch(() => {}), resolveInterval * 1000).unref();
    return replicas;
  }

  /** Looks the target up again. */
  async refresh(): Promise<void> {
    const { addresses, failed } = await resolve(this.#endpoints);
    if (this.#closed) return;
    this.#unresolved = failed;
    for (const [address, authority] of addresses) {
      const key = keyOf(address, 0);
      if (!this.#known.has(key)) this.#known.set(key, new Replica(address, authority));
    }
    for (const replica of this.#known.values()) {
      // A name that does not resolve for a moment must not take the replicas away that it stood for.
      replica.gone = !addresses.has(replica.address) && (replica.gone || !failed.has(replica.authority));
      if (!replica.gone) continue;
      this.#tidy(replica);
    }
    this.change();
  }

  /** Notes that so many processes share a replica's address: each further connection to it goes to the next of them. */
  spread({ address, authority, gone }: Replica, processes: number): void {
    for (let connection = 1; connection < Math.min(processes, rules.connections); connection++) {
      const key = keyOf(address, connection);
      if (!gone && !this.#known.has(key)) this.#known.set(key, new Replica(address, authority, connection));
    }
  }

  /**
   * A replica that is well, outside `avoid` where there is one such. The least used by us comes first, and those that have
   * been slow last; chance decides among equals, so that many trainers spread over many replicas without knowing of each other.
   */
  choose(avoid: ReadonlySet<Replica>): Replica<Service> | null {
    this.check();
    const now = performance.now();
    const well = [...this.#known.values()].filter((replica) => !replica.gone && replica.retryAt <= now);
    const others = well.filter((replica) => !avoid.has(replica));
    const cost = (replica: Replica): number =>
      (replica.slowUntil > now ? 1e6 : 0) + replica.streams + (replica.failures > 0 ? 0.5 : 0);
    const costs = (others.length > 0 ? others : well).map(
      (replica) => [cost(replica), Math.random(), replica] as const,
    );
    return costs.sort((a, b) => a[0] - b[0] || a[1] - b[1])[0]?.[2] ?? null;
  }

  /** Whether another replica that is well would have fewer of our streams even with one of this one's. */
  isUneven(than: Replica): boolean {
    const now = performance.now();
    return [...this.#known.values()].some(
      ({ streams, retryAt, slowUntil, gone, failures }) =>
        streams + 1 < than.streams && retryAt <= now && slowUntil <= now && !gone && failures === 0,
    );
  }

  /** How many replicas there are that have not failed. */
  well(): number {
    return [...this.#known.values()].filter(
      ({ gone, failures, refused }) => !gone && failures === 0 && refused === null,
    ).length;
  }

  /** Milliseconds until a replica that is not well may be asked again; a second at most. */
  nextRetry(): number {
    const now = performance.now();
    const waits = [...this.#known.values()].filter(({ gone }) => !gone).map(({ retryAt }) => retryAt - now);
    return Math.max(10, Math.min(1_000, ...waits));
  }

  /** Leaves a replica out of the choice for a while: longer each time, with jitter. */
  failed(replica: Replica, { error, verdict, retrySeconds }: Failure): void {
    const now = performance.now();
    replica.lastError = error;
    // Several streams of one replica fail together: that is one failure.
    if (replica.retryAt <= now) replica.failures++;
    replica.refused = verdict === 'refused' ? error : null;
    const pause = Math.min(rules.longestPause, rules.firstPause * 2 ** Math.min(replica.failures - 1, 10));
    const seconds = verdict === 'refused' ? rules.refusedPause : Math.max(pause, retrySeconds);
    replica.retryAt = now + seconds * 1000 * (0.5 + Math.random());
  }

  /** Forgets a replica's failures. */
  succeeded(replica: Replica): void {
    replica.failures = replica.retryAt = 0;
    replica.refused = replica.lastError = null;
  }

  /** Before something else is asked for: what was refused is no refusal of that. */
  forgetRefusals(): void {
    for (const replica of this.#known.values()) if (replica.refused !== null) this.succeeded(replica);
  }

  /** A refusal, where every replica refuses and waiting is of no use. */
  refusal(): TributaryError | null {
    const replicas = [...this.#known.values()].filter(({ gone }) => !gone);
    if (this.#unresolved.size > 0 || replicas.some(({ refused }) => refused === null)) return null;
    return replicas[0]?.refused ?? null;
  }

  /** The one error when waiting comes to nothing: every address and why. */
  noReplica(seconds: number, wanted: string): TributaryError {
    return new TributaryError('NO_REPLICA', {
      expected: `a replica to answer for ${wanted}`,
      came: `none in ${Math.round(seconds)} s (${this.#listed()})`,
      remedy: 'Start a replica of this run at the target, or raise patience',
      metadata: Object.fromEntries(this.#reasons()),
    });
  }

  /** Tells what is waited for, where it takes long: so many milliseconds of the clock. */
  say(waited: number, wanted: string): void {
    this.#waits.look(waited / 1000, () => `${wanted} (${this.#listed()})`);
  }

  #reasons(): Map<string, string> {
    const why = new Map(this.#unresolved);
    for (const { name, lastError } of this.#known.values()) why.set(name, came(lastError));
    return why;
  }

  #listed(): string {
    const listed = [...this.#reasons()].map(([name, reason]) => `${name}: ${reason}`).sort();
    return listed.join('; ') || 'the target has no addresses';
  }

  /** The service of a replica; its channel is opened when it is first needed. */
  client(replica: Replica<Service>): Service {
    this.check();
    replica.client ??= new this.#Service(replica.address, this.#credentials ?? credentials.createInsecure(), {
      ...channelOptions,
      'grpc.enable_channelz': 0,
      'grpc-node.flow_control_window': 8 << 20,
      'grpc.default_authority': replica.authority,
      ...(this.#credentials && { 'grpc.ssl_target_name_override': replica.authority.replace(/:\d+$/, '') }),
    });
    return replica.client;
  }

  /** Ends the use of a replica by one stream, or one question. */
  release(replica: Replica<Service>): void {
    replica.streams--;
    this.#tidy(replica);
    this.change();
  }

  #tidy(replica: Replica<Service>): void {
    if (replica.streams > 0) return;
    // A channel that failed to connect has a backoff of its own, and would hide that the replica is back.
    if (replica.gone || replica.failures > 0) {
      replica.client?.close();
      replica.client = null;
    }
    if (replica.gone) this.#known.delete(replica.key);
  }

  /** Waits until anything changes here, so many milliseconds at most. */
  async changed(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
      this.#waiting.push(resolve);
    });
    clearTimeout(timer);
  }

  /** Wakes whoever waits for a change. */
  change(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** @throws TributaryError STREAM_CANCELLED once this is closed. */
  check(): void {
    if (this.#closed)
      throw new TributaryError('STREAM_CANCELLED', {
        expected: 'an open loader',
        came: 'a closed one',
        remedy: 'Connect anew',
      });
  }

  /** Closes every channel. Streams end with CANCELLED. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const { client } of this.#known.values()) client?.close();
    this.change();
  }
}

/** Whether a replica's channel has a connection. */
export function isConnected({ client }: Replica): boolean {
  return client?.getChannel().getConnectivityState(false) === connectivityState.READY;
}

function keyOf(address: string, connection: number): string {
  return `${address} ${connection}`;
}

function came(error: TributaryError | null): string {
  if (error === null) return 'no answer';
  return error.reason === 'NO_REPLICA' ? error.detail.came : `${error.reason}: ${error.message.replace(/\.$/, '')}`;
}
