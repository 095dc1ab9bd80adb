import { TributaryError } from '../errors.js';

/** Where a stream goes on, and of which run it is. */
export interface Cursor {
  /** The first 16 hexadecimal digits of the run's fingerprint. */
  readonly fingerprint: string;
  readonly epoch: number;
  /** The next step to ask for. */
  readonly step: number;
}

const pattern = /^v1\.([0-9a-f]{16})\.e(0|[1-9][0-9]{0,15})\.s(0|[1-9][0-9]{0,15})$/;

/** Writes a cursor as text: `v1.<16 hex of the fingerprint>.e<epoch>.s<step>`. @param fingerprint 16 hex digits or more */
export function formatCursor({ fingerprint, epoch, step }: Cursor): string {
  return `v1.${fingerprint.slice(0, 16)}.e${epoch}.s${step}`;
}

/** Reads a cursor. @throws CURSOR_INVALID */
export function parseCursor(text: string): Cursor {
  const [, fingerprint, epoch, step] = pattern.exec(text) ?? [];
  if (fingerprint === undefined || !Number.isSafeInteger(Number(epoch)) || !Number.isSafeInteger(Number(step))) {
    throw new TributaryError('CURSOR_INVALID', {
      expected: 'a cursor like v1.0123456789abcdef.e3.s120',
      came: JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text),
      remedy: "Hand back a cursor as a batch's header gave it",
    });
  }
  return { fingerprint, epoch: Number(epoch), step: Number(step) };
}

/**
 * Checks that a cursor is one of the run.
 *
 * @param fingerprint the run's, at least 16 hexadecimal digits
 * @throws FINGERPRINT_MISMATCH with both fingerprints
 */
export function checkCursor(cursor: Cursor, fingerprint: string): void {
  const expected = fingerprint.slice(0, 16);
  if (cursor.fingerprint === expected) return;
  throw new TributaryError('FINGERPRINT_MISMATCH', {
    expected: `a cursor of the run with fingerprint ${expected}`,
    came: `one of ${cursor.fingerprint}`,
    remedy: 'Resume with the config and the data that the cursor was made with, or start the run anew without a cursor',
    metadata: { expected, came: cursor.fingerprint },
  });
}

/** The address after a step: the next step, or step 0 of the next epoch after the last one. */
export function nextCursor(epoch: number, step: number, stepsPerEpoch: number): { epoch: number; step: number } {
  return step + 1 < stepsPerEpoch ? { epoch, step: step + 1 } : { epoch: epoch + 1, step: 0 };
}
