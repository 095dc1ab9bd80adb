import { Pool } from '../memory/pool.js';
import { viewsAt } from '../plan/resolution-at.js';
import { possibleViews } from '../run/views.js';
import { untilAborted } from '../sources/storage/until-aborted.js';
import type { Batch, BatchRequest } from './batch.js';
import type { Flow } from './fair-queue.js';
import { groupTensors, totalBytes } from './group-tensors.js';
import { KeepBound } from './keep-bound.js';
import { type BatchTools, makeBatch } from './make-batch.js';
import { MemoryBudget } from './memory-budget.js';

/** Cargos for a device take at most this part of the memory, of what no stream has reserved. */
const shareOfCargos = 4;

/** A batch that somebody has. `give` follows; the bytes may be used for another batch after that. */
export interface TakenBatch {
  readonly batch: Batch;
  give(): void;
}

interface Entry {
  readonly key: string;
  readonly bytes: number;
  readonly batch: Promise<Batch>;
  /** What it is made in. */
  readonly tensor: SharedArrayBuffer;
  readonly call: AbortController;
  holders: number;
  finished: boolean;
}

/**
 * Makes batches, each once: those who ask for the same address at the same time, or soon after one another, get the same
 * bytes. A batch that nobody waits for any more is called off. Finished batches that nobody holds stay, oldest out first,
 * as long as their bytes fit in what no stream has reserved, and as far back as others are seen to come (`KeepBound`).
 */
export class BatchMaker {
  readonly budget: MemoryBudget;
  readonly #tools: BatchTools;
  /** In the order of last use. */
  readonly #entries = new Map<string, Entry>();
  readonly #buffers: Pool<SharedArrayBuffer>;
  readonly #keep: KeepBound;
  #idleBytes = 0;

  /** @param memory bytes for batches. */
  constructor(tools: BatchTools, memory: number) {
    this.#tools = tools;
    this.budget = new MemoryBudget(memory);
    this.#keep = new KeepBound(memory);
    this.#buffers = new Pool(memory, (bytes) => new SharedArrayBuffer(bytes));
    tools.allotment?.boundBy(() => Math.min(memory / shareOfCargos, this.budget.unreserved));
  }

  /** Bytes of the batches that are held, being made or kept. */
  get preparedBytes(): number {
    let sum = 0;
    for (const entry of this.#entries.values()) sum += entry.bytes;
    return sum;
  }

  /** Bytes that one batch of a request takes at most, at whichever step. */
  batchBytes(request: Pick<BatchRequest, 'open' | 'form'>, worldSize: number): number {
    const slots = this.#slots(request, worldSize);
    const bytes = possibleViews(request.open.run).map((views) => totalBytes(groupTensors(views, slots, request.form)));
    return Math.max(...bytes);
  }

  #slots({ open }: Pick<BatchRequest, 'open'>, worldSize: number): number {
    return Math.ceil(open.run.global_batch / worldSize);
  }

  /** Makes a batch, or joins whoever makes it. Rejects with the signal's reason if that comes first. */
  async take(request: BatchRequest, flow: Flow, signal: AbortSignal): Promise<TakenBatch> {
    signal.throwIfAborted();
    const entry = this.#entry(request, flow);
    if (entry.finished && entry.holders === 0) this.#idleBytes -= entry.bytes;
    entry.holders++;
    const give = once(() => this.#give(entry));
    try {
      return { batch: await untilAborted(entry.batch, signal), give };
    } catch (error) {
      give();
      throw error;
    }
  }

  #entry(request: BatchRequest, flow: Flow): Entry {
    const { open, address, form } = request;
    const key = [
      open.fingerprint,
      address.epoch,
      address.step,
      address.rank,
      address.worldSize,
      form.type,
      form.axes,
      form.order,
    ].join(' ');
    const found = this.#entries.get(key);
    if (found !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, found);
      return found;
    }
    this.#keep.missed(key);
    this.#evict();
    const slots = this.#slots(request, address.worldSize);
    const bytes = totalBytes(groupTensors(viewsAt(open.run, address), slots, form));
    const tensor = this.#buffers.take(bytes);
    const call = new AbortController();
    const { queue, pool } = this.#tools;
    const turn = queue.whole(flow, slots * pool.secondsOf(open));
    const batch = makeBatch(this.#tools, request, { form, tensor }, turn, call.signal);
    const entry: Entry = { key, bytes, batch, tensor, call, holders: 0, finished: false };
    this.#entries.set(key, entry);
    batch.then(
      () => {
        entry.finished = true;
      },
      () => {
        this.#drop(entry);
        this.#buffers.give(tensor);
      },
    );
    return entry;
  }

  #give(entry: Entry): void {
    entry.holders--;
    if (entry.holders > 0) return;
    if (!entry.finished) {
      this.#drop(entry);
      entry.call.abort();
      return;
    }
    this.#idleBytes += entry.bytes;
    this.#evict();
  }

  #evict(): void {
    const room = this.budget.unreserved - (this.#tools.allotment?.bytes ?? 0);
    for (const entry of this.#entries.values()) {
      if (this.#idleBytes <= Math.min(room, this.#keep.bytes)) return;
      if (entry.holders > 0 || !entry.finished) continue;
      this.#idleBytes -= entry.bytes;
      this.#drop(entry);
      if (this.#keep.bytes < room) this.#keep.dropped(entry.key, entry.bytes);
      // At once: whoever makes room takes a buffer next, and would find none.
      this.#buffers.give(entry.tensor);
    }
  }

  #drop(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
