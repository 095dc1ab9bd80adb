import type { Ways } from '../augment/allotment.js';
import type { Cargo } from '../augment/cargo.js';
import type { CargoPlace } from '../augment/stow.js';
import type { Extent } from '../augment/way-costs.js';
import type { CacheNews, Whereabouts } from '../cache/lookup.js';
import type { ErrorDetail, Reason } from '../errors.js';
import type { Limits } from '../run/limits.js';
import type { Draw, SampleDraw } from '../sample/draw.js';
import type { Drawing } from '../sample/draw-sample.js';
import type { Location } from '../sources/storage/storage.js';
import type { GroupTensor } from './group-tensors.js';
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
  readonly drawing: Drawing;
  readonly limits: Limits;
  readonly samples: readonly TaskSample[];
  /** Shared memory that is 1 once nobody wants the batch any more: then no more is begun. */
  readonly abandoned?: Int32Array;
}

/** Where a batch's samples go: memory that all worker threads share. */
export interface BatchBuffers {
  readonly form: TensorForm;
  readonly tensor: SharedArrayBuffer;
}

/** Cargos in which a task may stow views of one group for the device, and which of them. */
export interface Offer {
  readonly ways: Ways;
  readonly cargos: readonly Cargo[];
}

/** Makes some samples of a batch: everything a worker thread needs, so that worker threads hold no state. */
export interface MakeTask extends TaskRun, BatchBuffers {
  readonly kind: 'make';
  /** Of each group of views. */
  readonly tensors: readonly GroupTensor[];
  /** Of each group of views; empty where there is no device. */
  readonly offers: readonly (Offer | null)[];
}

/** Reads no more of some images than their headers, and draws. */
export interface DrawTask extends TaskRun {
  readonly kind: 'draw';
}

/** Finishes views that were stowed in a cargo, in the batch's tensors. */
export interface FinishTask extends BatchBuffers {
  readonly kind: 'finish';
  readonly cargo: Cargo;
  /** Whether the device has brought its results. */
  readonly isDone: boolean;
  readonly views: readonly { readonly at: number; readonly place: CargoPlace; readonly draw: Draw }[];
}

/** What a task leaves of a view that it has made. */
export type Left =
  /** The view, finished in its place of the tensor, and the CRC-32 (IEEE 802.3) of its bytes there. */
  | { readonly kind: 'tensor'; readonly crc32: number }
  /** Its part of a cargo, by its number in the offer, for the device to go on with. */
  | { readonly kind: 'cargo'; readonly cargo: number; readonly place: CargoPlace };

/** A view that a task has made, or begun. */
export interface MadeView {
  readonly left: Left;
  /** What a device could have done of it; `nothing` where there is none. */
  readonly extent: Extent;
  /** Seconds from the decoded crop on. */
  readonly spent: number;
}

/** What became of a sample. Corruption is an outcome, not an error: it is decided by the file's content alone. */
export type Outcome =
  | {
      readonly status: 'ok';
      readonly draw: SampleDraw;
      /** In the order of the draw's; none where it was drawn and no more. */
      readonly views: readonly MadeView[];
    }
  | { readonly status: 'corrupt'; readonly reason: string };

/** A TributaryError in a form that crosses threads. */
export interface FlatError {
  readonly status: 'error';
  readonly reason: Reason;
  readonly detail: Omit<ErrorDetail, 'cause'>;
}

/** What a task answers for a sample. */
export interface Answer {
  readonly outcome: Outcome | FlatError | { readonly status: 'abandoned' };
  readonly seconds: StageSeconds;
  readonly news: readonly CacheNews[];
}

/** What became of a view that was stowed. */
export interface Finished {
  /** CRC-32 (IEEE 802.3) of the view's bytes in the tensor. */
  readonly crc32: number;
  readonly spent: number;
  readonly seconds: StageSeconds;
}

/** Seconds that a sample spent in each stage, in their order, as metrics and the bench name them. */
export type StageSeconds = Partial<Record<'read' | 'decode' | 'kernels' | 'pack', number>>;
