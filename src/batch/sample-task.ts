import type { CropMemory, PlacedCrop } from '../augment/crop-memory.js';
import type { CacheReport, CacheTask } from '../cache/sample-caches.js';
import type { ErrorDetail, Reason } from '../errors.js';
import type { Limits } from '../run/limits.js';
import type { Knobs } from '../run/run.js';
import type { Box, Draw, OperationName } from '../sample/draw.js';
import type { Location } from '../sources/manifest/manifest.js';
import type { TensorForm } from './tensor.js';

/** What one sample of a task is made from. */
export interface TaskSample {
  readonly location: Location;
  readonly seed: number;
  /** The sample's place in the caches; null without caches. */
  readonly cache: CacheTask | null;
}

/** What the samples of a task have in common. */
export interface TaskRun {
  readonly split: 'train' | 'val';
  readonly knobs: Knobs;
  readonly size: number;
  readonly limits: Limits;
}

/** A sample of a batch. */
export interface MakeSample extends TaskSample {
  /** Where its bytes start. */
  readonly offset: number;
  /** Where the decoded crop goes for a backend that resizes; null where the worker thread resizes. */
  readonly crops: CropMemory | null;
}

/** Makes some samples of a batch: everything a worker thread needs, so that worker threads hold no state. */
export interface MakeTask extends TaskRun {
  readonly kind: 'make';
  readonly samples: readonly MakeSample[];
  /** The tensor's form; null where another backend has the photometric operations yet to do, and packing follows. */
  readonly form: TensorForm | null;
  /** What that backend runs; empty where there is none. */
  readonly operations: ReadonlySet<OperationName>;
  /** The batch's bytes, shared by all worker threads. */
  readonly bytes: SharedArrayBuffer;
}

/** Packs pixels that a backend has finished into the batch's tensor. */
export interface PackTask {
  readonly kind: 'pack';
  readonly pixels: SharedArrayBuffer;
  readonly pixelsOffset: number;
  readonly size: number;
  readonly form: TensorForm;
  readonly erase: Box | null;
  readonly bytes: SharedArrayBuffer;
  readonly offset: number;
}

/** Takes the CRC-32 of bytes that a backend has finished in place. */
export interface CheckTask {
  readonly kind: 'check';
  readonly bytes: SharedArrayBuffer;
  readonly length: number;
}

/** Reads no more of some images than their headers, and draws. */
export interface DrawTask extends TaskRun {
  readonly kind: 'draw';
  readonly samples: readonly TaskSample[];
}

export type Task = MakeTask | PackTask | CheckTask | DrawTask;

/** The stages of a sample, in their order, as metrics and the bench name them. */
export const stages = ['read', 'decode', 'kernels', 'pack'] as const;
export type Stage = (typeof stages)[number];

/** What became of pixels that a backend had finished. */
export interface Packed {
  /** CRC-32 (IEEE 802.3) of the bytes in the tensor. */
  readonly crc32: number;
  readonly seconds: StageSeconds;
}

/** Seconds that a sample spent in each stage. */
export type StageSeconds = Partial<Record<Stage, number>>;

/** What became of a sample. Corruption is an outcome, not an error: it is decided by the file's content alone. */
export type Outcome = Ending & { readonly cache?: CacheReport | null };

/** See `Outcome`. */
export type Ending =
  | {
      readonly status: 'ok';
      readonly draw: Draw;
      /** The first step that is the backend's; as many as there are steps where it has none of them. */
      readonly suffix: number;
      /** Where the crop lies for the backend to resize; null where the sample is resized. */
      readonly placed: PlacedCrop | null;
      /** CRC-32 (IEEE 802.3) of the sample's bytes in the tensor; null where they are yet to come. */
      readonly crc32: number | null;
      readonly seconds: StageSeconds;
    }
  | { readonly status: 'corrupt'; readonly reason: string; readonly seconds: StageSeconds }
  | { readonly status: 'error'; readonly error: FlatError };

/** A TributaryError in a form that crosses threads. */
export interface FlatError {
  readonly reason: Reason;
  readonly detail: Omit<ErrorDetail, 'cause'>;
}
