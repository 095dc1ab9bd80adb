import { discard } from '../memory/discard.js';
import { Pool } from '../memory/pool.js';

/** Bytes that a thread keeps for its next crops: images of many megapixels take long enough to decode as it is. */
const mostBytes = 8 * 1024 * 1024;
const pool = new Pool<Buffer>(mostBytes, (bytes) => Buffer.allocUnsafeSlow(bytes), discard);

/** Memory for one crop. `give` leaves it to the next; nothing may read it after that. */
export interface CropBuffer {
  readonly data: Buffer;
  give(): void;
}

/**
 * Memory for a crop of `bytes`, which an earlier crop of this thread may have had. A fresh one for every crop would keep the
 * collector busy, and more memory in use.
 */
export function cropBuffer(bytes: number): CropBuffer {
  // Few lengths, so that one crop's memory serves another.
  const whole = pool.take(bytes > mostBytes ? bytes : 2 ** Math.ceil(Math.log2(Math.max(1, bytes))));
  let isTaken = true;
  return {
    data: whole.subarray(0, bytes),
    give() {
      if (isTaken) pool.give(whole);
      isTaken = false;
    },
  };
}
