import type { DeviceCrops, PlacedCrop } from '../augment/device-crops.js';
import type { CacheNews, Whereabouts } from '../cache/lookup.js';
import type { ErrorDetail, Reason } from '../errors.js';
import type { Limits } from '../run/limits.js';
import type { Knobs } from '../run/run.js';
import type { Box, Draw } from '../sample/draw.js';
import type { Location } from '../sources/storage/storage.js';
import type { TensorForm } from './tensor.js';

/** What one sample of a task is made from. */
export interface TaskSample {
  readonly location: Location;
  readonly whereabouts: Whereabouts;
  readonly seed: number;
  /** Its place in the batch. */
  readonly slot: number;
}

/** What the samples of a task have in common. */
export interface TaskRun {
  readonly evaluate: boolean;
  readonly knobs: Knobs;
  readonly size: number;
  /** The shorter side that evaluation resizes to. */
  readonly resizeSize: number;
  readonly limits: Limits;
  readonly samples: readonly TaskSample[];
}

/** Where a batch's samples go: memory that all worker threads share. */
export interface BatchBuffers {
  readonly form: TensorForm;
  readonly tensor: SharedArrayBuffer;
  /** uint8 pixels `[n, size, size, 3]` on their way through the device; the tensor itself where that holds no other. */
  readonly pixels: SharedArrayBuffer;
}

/** What a device does of a batch's samples. */
export interface DeviceShare {
  /** Whether there is one. */
  readonly hasDevice: boolean;
  /** Where decoded crops go for it to resize, in the order of its runs; empty where it does not. */
  readonly crops: readonly DeviceCrops[];
}

/** Makes some samples of a batch: everything a worker thread needs, so that worker threads hold no state. */
export interface MakeTask extends TaskRun, BatchBuffers, DeviceShare {
  readonly kind: 'make';
}

/** Reads no more of some images than their headers, and draws. */
export interface DrawTask extends TaskRun {
  readonly kind: 'draw';
}

/** Packs pixels that a device has finished into the batch's tensor. */
export interface PackTask extends BatchBuffers {
  readonly kind: 'pack';
  readonly size: number;
  readonly samples: readonly { readonly slot: number; readonly erase: Box | null }[];
}

/** What a task leaves of a sample that it has made. */
export type Left =
  /** The sample, finished in its slot of the tensor, and the CRC-32 (IEEE 802.3) of its bytes there. */
  | { readonly kind: 'tensor'; readonly crc32: number }
  /** Its pixels after the steps before `from`, for the device to go on with. */
  | { readonly kind: 'pixels'; readonly from: number }
  /** Its decoded crop, for the device to resize and to do all steps. */
  | { readonly kind: 'crop'; readonly placed: PlacedCrop }
  /** Nothing: it was drawn and no more. */
  | { readonly kind: 'nothing' };

/** What became of a sample. Corruption is an outcome, not an error: it is decided by the file's content alone. */
export type Outcome =
  | { readonly status: 'ok'; readonly draw: Draw; readonly left: Left }
  | { readonly status: 'corrupt'; readonly reason: string };

/** A TributaryError in a form that crosses threads. */
interface FlatError {
  readonly status: 'error';
  readonly reason: Reason;
  readonly detail: Omit<ErrorDetail, 'cause'>;
}

/** What a task answers for a sample. */
export interface Answer {
  readonly outcome: Outcome | FlatError;
  readonly seconds: StageSeconds;
  readonly news: readonly CacheNews[];
}

/** What became of pixels that a device had finished. */
export interface Packed {
  /** CRC-32 (IEEE 802.3) of the sample's bytes in the tensor. */
  readonly crc32: number;
  readonly seconds: StageSeconds;
}

/** Seconds that a sample spent in each stage, in their order, as metrics and the bench name them. */
export type StageSeconds = Partial<Record<'read' | 'decode' | 'kernels' | 'pack', number>>;
