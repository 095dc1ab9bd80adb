import { discard } from '../memory/discard.js';

/** Buffers that a thread keeps for its next crops: as many as it has crops in hand. */
const mostSpare = 2;
/** Larger ones are freed: images of many megapixels take long enough to decode as it is. */
const mostBytes = 4 * 1024 * 1024;
const spare: Buffer[] = [];

/** Memory for one crop. `release` gives it to the next; nothing may read it after that. */
export interface CropBuffer {
  readonly data: Buffer;
  release(): void;
}

/**
 * Memory for a crop of `bytes`: what an earlier crop of this thread has given back, where it is large enough. A fresh one for every
 * crop would keep the collector busy, and more memory in use.
 */
export function cropBuffer(bytes: number): CropBuffer {
  const at = spare.findIndex(({ length }) => length >= bytes);
  const whole = at < 0 ? Buffer.allocUnsafeSlow(bytes) : spare.splice(at, 1)[0]!;
  let isHeld = true;
  return {
    data: whole.subarray(0, bytes),
    release() {
      if (!isHeld) return;
      isHeld = false;
      if (whole.length > mostBytes) return discard(whole);
      // The smallest first: what is too small for most is what is let go.
      spare.push(whole);
      spare.sort((a, b) => a.length - b.length);
      if (spare.length > mostSpare) discard(spare.shift()!);
    },
  };
}
