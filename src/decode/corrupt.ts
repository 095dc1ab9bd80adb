import { TributaryError } from '../errors.js';

/** Why a file is no sample. `metadata.cause` of SAMPLE_CORRUPT carries it; docs/exactness.md says what each means. */
export type CorruptCause =
  | 'empty'
  | 'too-many-bytes'
  | 'format'
  | 'header'
  | 'too-many-pixels'
  | 'too-many-scans'
  | 'data'
  | 'DECODER_CRASHED';

/**
 * SAMPLE_CORRUPT: a permanent verdict on a file, decided by its bytes and the limits alone.
 *
 * @param came what the file holds instead of an image, as the error's second part.
 */
export function corruptSample(cause: CorruptCause, came: string, error?: unknown): TributaryError {
  return new TributaryError('SAMPLE_CORRUPT', {
    expected: 'an image that can be decoded',
    came,
    remedy: 'Repair or remove the file and build the manifest again, or let on_corrupt substitute it',
    metadata: { cause },
    cause: error,
  });
}
