import type { DrawStep } from '../sample/draw.js';
import type { Cargo, CargoKind } from './cargo.js';
import { programOf } from './gpu/step-program.js';

/** What the samples of a cargo need of a device: stages that none of them needs are left out. */
export interface CargoWork {
  /** Means of one sample at most. */
  readonly means: number;
  readonly blurs: boolean;
}

/** What a cargo has cost, in seconds of CPU. */
export interface CargoCost {
  /** Of the thread that drives the device: all of it, of that copying, and calls of the driver. */
  readonly thread: number;
  readonly copying: number;
  readonly calling: number;
}

/** Where gpu.js runs, beside the worker threads. */
export interface Device {
  /** gpu.js's mode. */
  readonly name: string;
  /** What really runs, as the device reports it. */
  readonly description: string;
  /** Cargos that it works on at a time; more only wait. */
  readonly lanes: number;
  /** Whether it resizes as well, so that it takes cargos of crops. */
  readonly resizes: boolean;
  /**
   * Runs a cargo into its results. It must not change before that.
   *
   * @throws TributaryError BACKEND_UNAVAILABLE where the device fails.
   */
  run(cargo: Cargo, work: CargoWork): Promise<CargoCost>;
  /**
   * Gets it ready for results of this side, so that no cargo of `imagesOfCargo` compiles anything: seconds that one of each kind takes
   * while others overlap it.
   */
  prepare(size: number): Promise<Readonly<Record<CargoKind, number>>>;
  /** Ends it once its cargos are done. */
  close(): Promise<void>;
  /** Ends it at once. Settles when nothing of it touches any cargo any more, which a thread that hangs may delay for good. */
  kill(): Promise<void>;
}

/** How a replica comes to its device. */
export interface DeviceSource {
  /** Whether it is asked for by name: then it gets every sample that it takes, whatever that costs. */
  readonly isForced: boolean;
  /** Seconds that it may take for a cargo at most, those that wait before it included. */
  readonly patience: number;
  /** Opens it, proven. Null where this machine has none. Rejects where it does not run at present. */
  open(): Promise<Device | null>;
}

/** What these lists of steps need together. */
export function workOf(lists: readonly (readonly DrawStep[])[]): CargoWork {
  const programs = lists.map((steps) => programOf(steps)!);
  return {
    means: Math.max(0, ...programs.map(({ lists }) => lists.length - 1)),
    blurs: programs.some(({ blur }) => blur !== null),
  };
}
