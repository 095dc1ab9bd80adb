import type { Address } from '../run/address.js';
import type { OpenRun } from '../runs/open-run.js';
import type { Draw } from '../sample/draw.js';
import type { Label } from '../sources/manifest/manifest.js';
import type { TensorForm } from './tensor.js';

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
  readonly draw: Draw;
  /** Index in the source's manifest. */
  readonly index: number;
  /** The samples that this one stands in for, first the planned one; empty where it is the planned one. */
  readonly corrupt: readonly CorruptSample[];
}

/** What a batch is: with the run, all that decides its bytes. */
export interface BatchRequest {
  readonly open: OpenRun;
  readonly address: Address;
  readonly form: TensorForm;
}

/** A finished batch. */
export interface Batch {
  readonly address: Address;
  readonly form: TensorForm;
  readonly shape: readonly number[];
  readonly samples: readonly BatchSample[];
  /** The tensor: row-major, no padding, little-endian. */
  readonly data: Uint8Array;
  /** CRC-32 (IEEE 802.3) of `data`. */
  readonly crc32: number;
}
