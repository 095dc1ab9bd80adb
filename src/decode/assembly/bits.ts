/** Zeros before the first byte of the stream: more than one MCU can read beyond its end. */
export const slack: usize = 4096;

// The stream lies backwards, so that a little-endian load of eight bytes has the first of them on top. `low` is the address
// after which the next byte to load lies, `window` holds `held` bits of the stream from the top.
let low: usize = 0;
let window: u64 = 0;
let held: u32 = 0;
let end: usize = 0;

/** Starts to read the segment that begins below the address `from` and ends at `to`. */
export function openSegment(from: usize, to: usize): void {
  low = from;
  end = to;
  window = 0;
  held = 0;
}

/** Bits that are left of the segment; negative once more were read than there are. */
export function bitsLeft(): i32 {
  return <i32>(((<isize>low - <isize>end) << 3) + held);
}

/** Where the reading stands; a block's reader keeps these in its own variables while it runs. */
// @ts-ignore: decorator
@inline
export function currentLow(): usize {
  return low;
}

// @ts-ignore: decorator
@inline
export function currentWindow(): u64 {
  return window;
}

// @ts-ignore: decorator
@inline
export function currentHeld(): u32 {
  return held;
}

// @ts-ignore: decorator
@inline
export function keep(newLow: usize, newWindow: u64, newHeld: u32): void {
  low = newLow;
  window = newWindow;
  held = newHeld;
}
