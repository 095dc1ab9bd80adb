import { SpareBuffers } from '../memory/spare-buffers.js';
import type { Batch, BatchRequest } from './batch.js';
import type { Flow } from './fair-queue.js';
import { makeBatch, type Workshop } from './make-batch.js';
import { MemoryBudget } from './memory-budget.js';
import { bytesPerValue, sampleBytes } from './tensor.js';

/** A batch that somebody holds. `release` exactly once; the bytes may be used for another batch after that. */
export interface HeldBatch {
  readonly batch: Batch;
  release(): void;
}

interface Entry {
  readonly key: string;
  readonly bytes: number;
  readonly batch: Promise<Batch>;
  readonly call: AbortController;
  holders: number;
  finished: boolean;
}

/**
 * Makes batches, each once: those who ask for the same address at the same time, or soon after one another, get the same
 * bytes. A batch that nobody waits for any more is called off. Finished batches that nobody holds stay, oldest out first,
 * as long as their bytes fit in what no stream has reserved.
 */
export class BatchMaker {
  readonly budget: MemoryBudget;
  readonly #shop: Workshop;
  /** In the order of last use. */
  readonly #entries = new Map<string, Entry>();
  readonly #spare = new SpareBuffers();
  #idleBytes = 0;

  /** @param memory bytes for batches. */
  constructor(shop: Workshop, memory: number) {
    this.#shop = shop;
    this.budget = new MemoryBudget(memory);
  }

  /** Bytes of the batches that are held, being made or kept. */
  get preparedBytes(): number {
    let sum = 0;
    for (const entry of this.#entries.values()) sum += entry.bytes;
    return sum;
  }

  /** Bytes that one batch of a request takes. */
  batchBytes({ open, form }: Pick<BatchRequest, 'open' | 'form'>, worldSize: number): number {
    const count = Math.ceil(open.run.global_batch / worldSize);
    const tensor = count * sampleBytes(form.type, open.run.image_size);
    return tensor + (this.#needsStaging(form) ? tensor / bytesPerValue[form.type] : 0);
  }

  /** Makes a batch, or joins whoever makes it. Rejects with the signal's reason if that comes first. */
  async hold(request: BatchRequest, flow: Flow, signal: AbortSignal): Promise<HeldBatch> {
    signal.throwIfAborted();
    const entry = this.#entry(request, flow);
    if (entry.finished && entry.holders === 0) this.#idleBytes -= entry.bytes;
    entry.holders++;
    const release = once(() => this.#release(entry));
    try {
      return { batch: await untilAborted(entry.batch, signal), release };
    } catch (error) {
      release();
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
      form.layout,
    ].join(' ');
    const found = this.#entries.get(key);
    if (found !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, found);
      return found;
    }
    const bytes = this.batchBytes(request, address.worldSize);
    this.#evict();
    const count = Math.ceil(open.run.global_batch / address.worldSize);
    const tensor = this.#spare.take(count * sampleBytes(form.type, open.run.image_size));
    const staging = this.#needsStaging(form)
      ? this.#spare.take(count * sampleBytes('UINT8', open.run.image_size))
      : null;
    const call = new AbortController();
    const batch = makeBatch(this.#shop, request, tensor, staging, flow, call.signal);
    const entry: Entry = { key, bytes, batch, call, holders: 0, finished: false };
    this.#entries.set(key, entry);
    batch.then(
      () => {
        entry.finished = true;
        if (staging !== null) this.#giveBack(staging);
      },
      () => {
        this.#drop(entry);
        this.#giveBack(tensor);
        if (staging !== null) this.#giveBack(staging);
      },
    );
    return entry;
  }

  #release(entry: Entry): void {
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
    for (const entry of this.#entries.values()) {
      if (this.#idleBytes <= this.budget.unreserved) return;
      if (entry.holders > 0 || !entry.finished) continue;
      this.#idleBytes -= entry.bytes;
      this.#drop(entry);
      void entry.batch.then((batch) => this.#giveBack(batch.data.buffer as SharedArrayBuffer));
    }
  }

  #drop(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }

  #needsStaging(form: BatchRequest['form']): boolean {
    return this.#shop.backend !== null && !(form.type === 'UINT8' && form.layout === 'NHWC');
  }

  #giveBack(buffer: SharedArrayBuffer): void {
    this.#spare.giveBack(buffer, Math.max(0, this.budget.total - this.preparedBytes));
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

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abandon = (): void => reject(signal.reason);
    signal.addEventListener('abort', abandon, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abandon));
  });
}
