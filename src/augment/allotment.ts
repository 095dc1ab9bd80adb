import { LRUCache } from 'lru-cache';
import { Pool } from '../memory/pool.js';
import {
  type Cargo,
  type CargoKind,
  type CargoShape,
  cargoBytes,
  carriesCrops,
  emptyCargo,
  imagesIn,
  imagesOfCargo,
} from './cargo.js';
import type { CargoWork, DeviceSource } from './device.js';
import { type DeviceEvents, WatchedDevice } from './watched-device.js';
import { type Extent, type Way, WayCosts } from './way-costs.js';

/** How the samples of a task are to be made, by what the device can do of them. */
export interface Ways {
  readonly whole: Way;
  readonly suffix: Way;
}

/** What an allotment tells, for the log. */
export interface AllotmentEvents extends DeviceEvents {
  /** Told when the samples of a run go another way than before: each extent's, and milliseconds a sample by each way. */
  found(run: string, ways: Readonly<Record<string, string | number>>): void;
}

/** What the metrics show of a device. */
export interface DeviceState {
  readonly isOpen: boolean;
  /** Cargos that it has and has not brought back. */
  readonly queue: number;
  /** Seconds in which it had any. */
  readonly busySeconds: number;
  /** Samples by the backend that ran their last steps. */
  readonly samples: Readonly<Record<string, number>>;
}

/** A device that takes so many times what is expected of it hangs, but never in less than these seconds. */
const lateness = { times: 4, least: 0.1 } as const;
/** Seconds that a device may take to get ready for one side of results, and after which one that nobody used makes room for another. */
const readying = 60;
/** Runs whose costs are remembered, and sides of results that a device is ready for. */
const runsKept = 16;
const sizesKept = 2;

/**
 * Who makes a sample: the device or the worker threads. Both give the same bytes, so nothing but speed decides.
 *
 * A cargo is opened for the device while what it has already, and this one, end before the threads have done what waits for
 * them: so it takes what it can and nobody waits for it. Which ways a run's samples go is what WayCosts has learnt. A device that is
 * forced gets all that it takes while it runs. Where there is none, or it is lost, threads make everything.
 */
export class Allotment {
  readonly #watched: WatchedDevice;
  readonly #isForced: boolean;
  readonly #patience: number;
  readonly #backlog: () => number;
  readonly #events: Partial<AllotmentEvents>;
  readonly #pool = new Pool(Number.MAX_SAFE_INTEGER, (bytes) => new SharedArrayBuffer(bytes));
  readonly #runs = new LRUCache<string, { readonly costs: WayCosts; told: string }>({ max: runsKept });
  /** Seconds of a cargo of each kind, by the sides that the device is ready for, last used last. */
  readonly #ready = new Map<number, Record<CargoKind, number> & { used: number }>();
  /** The side that it is to be made ready for, and whether that has begun. */
  #readying: number | undefined;
  #isReadying = false;
  /** Cargos that have been opened and not given back, and those of them that the device has. */
  readonly #open = new Set<Cargo>();
  readonly #running = new Set<Cargo>();
  /** When nothing writes to a cargo any more that the device did not bring back. */
  readonly #freed = new WeakMap<Cargo, Promise<void>>();
  /** CPU of the device's thread, in seconds a sample. */
  readonly #driving: Record<CargoKind, number> = { images: 0, crops: 0 };
  readonly #samples: Record<string, number> = { simd: 0 };
  #busySince = 0;
  #busySeconds = 0;
  #lastDone = 0;
  #bound: () => number = () => Number.MAX_SAFE_INTEGER;

  /** @param backlog seconds until the worker threads have done what waits for them now. */
  constructor(source: DeviceSource, backlog: () => number, events: Partial<AllotmentEvents> = {}) {
    this.#backlog = backlog;
    this.#events = events;
    this.#isForced = source.isForced;
    this.#patience = source.patience;
    this.#watched = new WatchedDevice(source, {
      ...events,
      lost: (reason, seconds) => {
        this.#ready.clear();
        events.lost?.(reason, seconds);
      },
    });
  }

  /** Settles when the device is there, or has been found not to be. */
  get opening(): Promise<void> {
    return this.#watched.opening;
  }

  /** Bytes of cargos, those that are kept for the next ones included. */
  get bytes(): number {
    return this.#pool.takenBytes + this.#pool.spareBytes;
  }

  /** Says how many bytes cargos may take; asked for each. */
  boundBy(bytes: () => number): void {
    this.#bound = bytes;
  }

  state(): DeviceState {
    const since = this.#running.size > 0 ? seconds() - this.#busySince : 0;
    return {
      isOpen: this.#watched.device !== null,
      queue: this.#running.size,
      busySeconds: this.#busySeconds + since,
      samples: this.#samples,
    };
  }

  /** Gets the device ready for results of this side, as the first batch with them does. Settles when it is, or is lost over it. */
  async getReady(size: number): Promise<void> {
    this.#readying = size;
    this.#isReadying = true;
    try {
      const measured = await this.#watched.prepare(size, readying);
      for (const [oldest] of this.#ready) if (this.#ready.size >= sizesKept) this.#ready.delete(oldest);
      this.#ready.set(size, { ...measured, used: seconds() });
    } catch {
      // It has been told of as a loss.
    } finally {
      this.#isReadying = false;
      this.#readying = undefined;
    }
  }

  /** The ways for the next task of a run; null where there is no device for it now. */
  ways(run: string, size: number): Ways | null {
    const { device } = this.#watched;
    if (device === null || !this.#isReadyFor(size)) return null;
    const takesCrops = device.resizes && carriesCrops(size);
    if (this.#isForced) return { whole: takesCrops ? 'crops' : 'images', suffix: 'images' };
    const known = this.#run(run);
    const { costs } = known;
    const whole = costs.choose('whole', takesCrops ? ['crops', 'images', 'threads'] : ['images', 'threads']);
    const suffix = costs.choose('suffix', ['images', 'threads']);
    if (known.told !== costs.verdict) this.#events.found?.(run, costs.found());
    known.told = costs.verdict;
    return { whole, suffix };
  }

  /** The share of a run's samples that may go this way: those of one extent, of which a device that is forced may get all. */
  shareOf(run: string, extent: Extent): number {
    return this.#isForced ? 1 : this.#run(run).costs.shareOf(extent);
  }

  /**
   * Opens a cargo for samples of a batch of which `left` are still to be made; null where the device would end later than the
   * threads, or memory is short. `give` follows.
   */
  open(left: number, size: number, kind: CargoKind): Cargo | null {
    if (this.#watched.device === null || !this.#isReadyFor(size)) return null;
    // Of a device that is not forced one shape is ready for each size.
    const shape: CargoShape = { images: imagesOfCargo(this.#isForced ? left : 2 ** 24, size), size, kind };
    const bytes = cargoBytes(shape);
    if (this.#pool.takenBytes + bytes > this.#bound()) return null;
    const ahead = this.#expected(this.#open) + this.#secondsOf(shape);
    if (!this.#isForced && ahead > this.#backlog()) return null;
    const cargo = emptyCargo(shape, this.#pool.take(bytes));
    this.#open.add(cargo);
    return cargo;
  }

  /** Gives a cargo that nobody fills any more to the device: whether its results come, and in time. */
  async run(cargo: Cargo, work: CargoWork): Promise<boolean> {
    const started = seconds();
    if (this.#running.size === 0) this.#busySince = started;
    this.#running.add(cargo);
    const late = Math.max(lateness.least, lateness.times * this.#expected(this.#running));
    const name = this.#watched.device?.name;
    const end = await this.#watched.run(cargo, work, this.#isForced ? this.#patience : Math.min(this.#patience, late));
    const now = seconds();
    this.#running.delete(cargo);
    if (this.#running.size === 0) this.#busySeconds += now - this.#busySince;
    const count = imagesIn(cargo);
    if (end.kind === 'undone') {
      this.#freed.set(cargo, end.free);
      this.made(count);
      return false;
    }
    this.made(count, name);
    const ready = this.#ready.get(cargo.size);
    if (ready !== undefined) ready[cargo.kind] = after(ready[cargo.kind], now - Math.max(started, this.#lastDone));
    this.#lastDone = now;
    this.#driving[cargo.kind] = after(this.#driving[cargo.kind], end.cost.thread / count);
    return true;
  }

  /** Takes a cargo back that no worker thread reads or writes any more. */
  give(cargo: Cargo): void {
    this.#open.delete(cargo);
    const give = (): void => {
      this.#pool.give(cargo.shared);
      this.#pool.trim(this.#bound());
    };
    const freed = this.#freed.get(cargo);
    if (freed === undefined) give();
    else void freed.then(give);
  }

  /** Samples whose last steps ran on a backend. */
  made(count: number, backend = 'simd'): void {
    this.#samples[backend] = (this.#samples[backend] ?? 0) + count;
  }

  /** What the worker threads have spent on a sample of a run, whichever way it went. */
  learn(run: string, extent: Extent, way: Way, spent: number): void {
    this.#run(run).costs.learn(extent, way, way === 'threads' ? spent : spent + this.#driving[way]);
  }

  /** A sample of a run has this extent. */
  see(run: string, extent: Extent): void {
    this.#run(run).costs.see(extent);
  }

  close(): Promise<void> {
    return this.#watched.close();
  }

  #run(run: string): { readonly costs: WayCosts; told: string } {
    const known = this.#runs.get(run);
    if (known !== undefined) return known;
    const fresh = { costs: new WayCosts(), told: '' };
    this.#runs.set(run, fresh);
    return fresh;
  }

  /**
   * Whether cargos of this size may be opened. A device that is not forced is first made ready: it compiles, which would look like a
   * hang, and is measured. It has nothing else to do meanwhile, so no other cargo is opened from when a size is asked for.
   */
  #isReadyFor(size: number): boolean {
    if (this.#isForced) return true;
    const ready = this.#ready.get(size);
    if (ready !== undefined) {
      ready.used = seconds();
      this.#ready.delete(size);
      this.#ready.set(size, ready);
    } else if (this.#hasRoomFor()) this.#readying ??= size;
    if (this.#readying === undefined) return ready !== undefined;
    if (!this.#isReadying && this.#open.size === 0) void this.getReady(this.#readying);
    return false;
  }

  /** Whether one more size may be made ready: more of them in turn would keep the device compiling. */
  #hasRoomFor(): boolean {
    if (this.#ready.size < sizesKept) return true;
    const [oldest] = this.#ready.values();
    return seconds() - oldest!.used > readying;
  }

  #expected(cargos: ReadonlySet<Cargo>): number {
    let sum = 0;
    for (const cargo of cargos) sum += this.#secondsOf(cargo);
    return sum;
  }

  #secondsOf({ size, kind }: CargoShape): number {
    return this.#ready.get(size)?.[kind] ?? 0;
  }
}

function seconds(): number {
  return performance.now() / 1000;
}

/** A running mean after one more value. */
function after(mean: number, value: number): number {
  return mean === 0 ? value : mean + (value - mean) / 8;
}
