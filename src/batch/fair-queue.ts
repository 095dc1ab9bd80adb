import { SourceWatch } from './source-watch.js';

/** One stream's place in the queue. */
export interface Flow {
  /** Whom it belongs to: a client's name. */
  readonly client: string;
  /** How much of its client's time it has had. */
  time: number;
  /** The stream that this is a batch of, where all of the batch goes at one time, that of its beginning. */
  readonly wholeOf?: Flow;
}

/** In whose turn something is done, and until when. */
export interface Turn {
  readonly flow: Flow;
  readonly signal: AbortSignal;
}

/** What is put into the queue, beside what it does. */
interface Task {
  /**
   * What it takes of the flow's share, in any unit that all of this queue have; 1 where it is not given. 0 for what has had its turn and
   * only goes on: it goes before all that waits.
   */
  readonly cost?: number;
  /** Whose storages it waits for: where one of them is stalled, it lets others go first. */
  readonly sources?: readonly string[];
  /** The part of a place that it takes; all of one where it is not given. */
  readonly part?: number;
}

interface Waiting extends Required<Task> {
  readonly run: () => Promise<void>;
}

/** A client: how much of the queue's time it has had, and its flows with something to do. */
interface Client {
  time: number;
  /** How much each of its flows has had, of those that have always had something waiting. */
  now: number;
  readonly flows: Map<Flow, Set<Waiting>>;
  /** How many of `flows` belong to each stream. */
  readonly streams: Map<Flow, number>;
}

/**
 * A queue that clients share evenly, and within each client its flows, however much each has waiting: fair queueing by virtual time at
 * both levels. Each is as far as the cost of what it was given; who is behind the furthest goes first. The present is as far as somebody is who has
 * always had something waiting: with each thing that is done it goes on by its cost, shared among all that wait. Who was idle starts there and not with a
 * credit, so that neither can those who come anew keep those waiting who were there, nor the other way; and who is alone has all of it. Whose turn it is,
 * is decided when something starts: as long as any part of a place is free.
 */
export class FairQueue {
  readonly #clients = new Map<string, Client>();
  /** What has had its turn and only goes on. */
  readonly #first = new Set<Waiting>();
  /** Places, and parts of one, that are free; less than none where the last that started took more. */
  #free: number;
  #now = 0;
  /** The highest cost of all so far: nobody is further behind by rights. */
  #dearest = 0;
  #size = 0;
  #pending = 0;
  readonly #watch: SourceWatch;
  /** When something was last done, or there was nothing to do. */
  #progress = performance.now();

  /** @param places for what runs at a time; of what reads sources, twice as many beside where they are stalled. */
  constructor(places: number) {
    this.#free = places;
    this.#watch = new SourceWatch(2 * places);
  }

  /** Seconds in which nothing was done though there was something to do. */
  get idleSeconds(): number {
    return this.#size + this.#pending === 0 ? 0 : (performance.now() - this.#progress) / 1000;
  }

  /** Tasks that wait. */
  get size(): number {
    return this.#size;
  }

  /** Tasks that run. */
  get pending(): number {
    return this.#pending;
  }

  /** Opens a flow of a client. It holds no resource and needs no closing. */
  flow(client = ''): Flow {
    return { client, time: 0 };
  }

  /**
   * A flow for one batch of a stream: the batches of several streams are made one after the other, each when its turn begins, instead of
   * all at once, so that they come as soon as they can.
   *
   * @param cost what all of the batch takes of the stream's share.
   */
  whole(flow: Flow, cost: number): Flow {
    const time = Math.max(flow.time, this.#clients.get(flow.client)?.now ?? 0);
    flow.time = time + cost;
    this.#dearest = Math.max(this.#dearest, cost);
    return { client: flow.client, time, wholeOf: flow };
  }

  /**
   * Runs `act` in the flow's turn; rejects with the signal's reason if that comes first while it waits. Once it runs it settles
   * when `act` does, whatever the signal says: until then `act` writes.
   */
  add<T>(
    flow: Flow,
    act: () => Promise<T>,
    signal: AbortSignal,
    { cost = 1, sources = [], part = 1 }: Task = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const giveUp = (): void => {
        leave();
        reject(signal.reason);
      };
      const waiting = {
        cost,
        sources,
        part,
        run: () => {
          signal.removeEventListener('abort', giveUp);
          return this.#watched(sources, part, async () => {
            try {
              resolve(await act());
              return true;
            } catch (error) {
              reject(error);
              return false;
            }
          });
        },
      };
      const leave = this.#enter(flow, waiting);
      signal.addEventListener('abort', giveUp, { once: true });
      this.#begin();
    });
  }

  /** Begins what is next while there is room. */
  #begin(): void {
    while (this.#free > 0) {
      const next = this.#next();
      if (next === undefined) return;
      this.#free -= next.part;
      void next.run().then(() => {
        this.#free += next.part;
        this.#begin();
      });
    }
  }

  /** Settles when a task's place is free again: at its end, or before where it is stalled. */
  #watched(sources: readonly string[], part: number, act: () => Promise<boolean>): Promise<void> {
    this.#pending++;
    return new Promise((leave) => {
      const end = sources.length === 0 ? () => {} : this.#watch.begin(sources, leave, part);
      void act().then((isDone) => {
        this.#pending--;
        if (isDone || this.#size + this.#pending === 0) this.#progress = performance.now();
        end(isDone);
        leave();
        // Of its sources more may begin now, though it has left its place before.
        this.#begin();
      });
    });
  }

  /** Lets a task wait; returns what calls it off. */
  #enter(flow: Flow, waiting: Waiting): () => void {
    if (this.#size + this.#pending === 0) this.#progress = performance.now();
    this.#size++;
    this.#dearest = Math.max(this.#dearest, waiting.cost);
    const client = this.#clients.get(flow.client) ?? newClient(this.#now, flow);
    this.#clients.set(flow.client, client);
    if (client.flows.size === 0) client.time = Math.max(client.time, this.#now);
    const line = waiting.cost === 0 ? this.#first : (client.flows.get(flow) ?? beginLine(client, flow));
    line.add(waiting);
    return () => {
      if (!line.delete(waiting)) return;
      this.#size--;
      if (line.size === 0 && line !== this.#first) endLine(client, flow);
    };
  }

  /** Takes what goes next out of its line; undefined where all that waited was called off. */
  #next(): Waiting | undefined {
    const [goesOn] = this.#first;
    if (goesOn !== undefined) {
      this.#first.delete(goesOn);
      this.#size--;
      return goesOn;
    }
    const client = earliest(this.#busy());
    if (client === undefined) return undefined;
    const flow = earliest(this.#ready(client), client.now - this.#dearest)!;
    const line = client.flows.get(flow)!;
    const waiting = this.#firstOf(line)!;
    line.delete(waiting);
    this.#size--;
    let busy = 0;
    for (const { flows } of this.#clients.values()) if (flows.size > 0) busy++;
    const { cost } = waiting;
    const clientTime = Math.max(client.time, this.#now - this.#dearest);
    const flowTime = Math.max(flow.time, client.now - this.#dearest);
    this.#now = Math.max(clientTime, this.#now + cost / busy);
    client.time = clientTime + cost;
    client.now = Math.max(flowTime, client.now + cost / client.streams.size);
    if (flow.wholeOf === undefined) flow.time = flowTime + cost;
    if (line.size === 0) endLine(client, flow);
    return waiting;
  }

  /** The clients with something that may begin. Of those without anything those are forgotten that a new one would be equal to. */
  *#busy(): Generator<Client> {
    for (const [name, client] of this.#clients) {
      if (client.flows.size === 0 && client.time <= this.#now) this.#clients.delete(name);
      else if (this.#ready(client).next().done === false) yield client;
    }
  }

  *#ready({ flows }: Client): Generator<Flow> {
    for (const [flow, line] of flows) if (this.#firstOf(line) !== undefined) yield flow;
  }

  /** The first of a line that may begin. */
  #firstOf(line: ReadonlySet<Waiting>): Waiting | undefined {
    for (const waiting of line) if (this.#watch.mayBegin(waiting.sources)) return waiting;
    return undefined;
  }
}

function newClient(now: number, { time }: Flow): Client {
  return { time: now, now: time, flows: new Map(), streams: new Map() };
}

function beginLine(client: Client, flow: Flow): Set<Waiting> {
  const { flows, streams } = client;
  const stream = flow.wholeOf ?? flow;
  if (stream === flow) flow.time = Math.max(flow.time, client.now);
  const line = new Set<Waiting>();
  flows.set(flow, line);
  streams.set(stream, (streams.get(stream) ?? 0) + 1);
  return line;
}

function endLine({ flows, streams }: Client, flow: Flow): void {
  if (!flows.delete(flow)) return;
  const stream = flow.wholeOf ?? flow;
  const left = streams.get(stream)! - 1;
  if (left > 0) streams.set(stream, left);
  else streams.delete(stream);
}

/** Who is behind the furthest, where nobody is further than `least`: of those, who came first. */
function earliest<T extends { readonly time: number }>(all: Iterable<T>, least = -Infinity): T | undefined {
  let first: T | undefined;
  for (const each of all)
    if (first === undefined || Math.max(each.time, least) < Math.max(first.time, least)) first = each;
  return first;
}
