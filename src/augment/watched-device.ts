import type { Cargo } from './cargo.js';
import type { CargoCost, CargoWork, Device, DeviceSource } from './device.js';

/** Told of what becomes of a device, for the log. */
export interface DeviceEvents {
  opened(description: string): void;
  /** @param seconds until it is tried again. */
  lost(reason: string, seconds: number): void;
  /** This machine has none, and it is not asked again. */
  missing(): void;
}

/** What became of a cargo. */
export type CargoEnd =
  | { readonly kind: 'done'; readonly cost: CargoCost }
  /** Its results are not there, and threads make them of what it carries. Nothing writes to it any more once `free` has settled. */
  | { readonly kind: 'undone'; readonly free: Promise<void> };

const firstDelay = 1;
const lastDelay = 60;

/**
 * A device that may come late, slow down, hang or go at any time. Who gives it a cargo always hears of it in time, and a device that
 * failed once is ended, with all that it has, and opened anew after 1 s, then 2, up to a minute.
 */
export class WatchedDevice {
  readonly #source: DeviceSource;
  readonly #events: Partial<DeviceEvents>;
  #device: Device | null = null;
  #ending: Promise<void> = Promise.resolve();
  #delay = firstDelay;
  #timer: NodeJS.Timeout | undefined;
  #opening: Promise<void>;
  #isClosed = false;

  constructor(source: DeviceSource, events: Partial<DeviceEvents>) {
    this.#source = source;
    this.#events = events;
    this.#opening = this.#open();
  }

  /** The device while it runs. */
  get device(): Device | null {
    return this.#device;
  }

  /** Settles when the first attempt to open it has ended, well or not. */
  get opening(): Promise<void> {
    return this.#opening;
  }

  /** Runs a cargo; `patience`, in seconds, is how long it may take. */
  run(cargo: Cargo, work: CargoWork, patience: number): Promise<CargoEnd> {
    return this.#watched((device) => device.run(cargo, work), patience).then(
      (cost) => {
        this.#delay = firstDelay;
        return { kind: 'done', cost };
      },
      () => ({ kind: 'undone', free: this.#ending }),
    );
  }

  /** Lets it get ready for results of this side; rejects where it is lost over it. */
  prepare(size: number, patience: number): ReturnType<Device['prepare']> {
    return this.#watched((device) => device.prepare(size), patience);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#opening;
    const device = this.#device;
    this.#device = null;
    await device?.close();
  }

  async #open(): Promise<void> {
    try {
      const device = await this.#source.open();
      if (device === null) return this.#events.missing?.();
      if (this.#isClosed) return await device.close();
      this.#device = device;
      this.#events.opened?.(device.description);
    } catch (error) {
      this.#again(error);
    }
  }

  #again(error: unknown): void {
    if (this.#isClosed) return;
    this.#events.lost?.(error instanceof Error ? error.message : String(error), this.#delay);
    this.#timer = setTimeout(() => {
      this.#opening = this.#open();
    }, 1000 * this.#delay).unref();
    this.#delay = Math.min(lastDelay, 2 * this.#delay);
  }

  async #watched<T>(act: (device: Device) => Promise<T>, patience: number): Promise<T> {
    const device = this.#device;
    if (device === null) throw new Error('there is no device at present');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const tooLong = () => reject(new Error(`no answer within ${patience.toFixed(2)} s`));
      timer = setTimeout(tooLong, 1000 * patience);
    });
    try {
      return await Promise.race([act(device), late]);
    } catch (error) {
      if (this.#device === device) {
        this.#device = null;
        this.#ending = device.kill();
        this.#again(error);
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
