import type { PlanInput } from '../plan/input.js';
import type { Address } from '../run/address.js';
import type { Run } from '../run/run.js';
import type { SampleDraw } from '../sample/draw.js';
import type { LabelSpace } from '../sources/manifest/label-space.js';
import type { Label, Manifest } from '../sources/manifest/manifest.js';
import type { GroupTensor } from './group-tensors.js';
import type { TensorForm } from './tensor.js';

/** A run with all that its batches are made from. */
export interface ResolvedRun {
  readonly run: Run;
  /** Of the run's sources, in its order. */
  readonly manifests: readonly Manifest[];
  readonly labels: LabelSpace;
  readonly plan: PlanInput;
  readonly fingerprint: string;
  /** Told of every sample that was tried. Throws where the run is to stop, as too many were corrupt. */
  countSample(isCorrupt: boolean): void;
}

/** What a batch is: with the run, all that decides its bytes. */
export interface BatchRequest {
  readonly open: ResolvedRun;
  readonly address: Address;
  readonly form: TensorForm;
}

/** A sample that could not be decoded, and why. */
export interface CorruptSample {
  readonly key: string;
  readonly reason: string;
}

/** One slot of a finished batch. */
export interface BatchSample {
  readonly source: string;
  readonly key: string;
  readonly seed: number;
  readonly pass: number;
  readonly label: Label | null;
  readonly draw: SampleDraw;
  /** Index in the source's manifest. */
  readonly index: number;
  /** The samples that this one stands in for, first the planned one; empty where it is the planned one. */
  readonly corrupt: readonly CorruptSample[];
}

/** A finished batch. */
export interface Batch {
  readonly address: Address;
  readonly form: TensorForm;
  /** Of the tensor; where samples have several views, of all bytes in a row. */
  readonly shape: readonly number[];
  /** The tensors of several views, in their order; empty where samples have one view. */
  readonly tensors: readonly GroupTensor[];
  readonly samples: readonly BatchSample[];
  /** The tensors: row-major, no padding, little-endian. */
  readonly data: Uint8Array;
  /** CRC-32 (IEEE 802.3) of `data`. */
  readonly crc32: number;
}
