/** Counts of the 256 levels of one plane; valid until the next call. */
export const histogram: usize = memory.data(256 * 4, 16);

/** A table of 256 levels to fill and to hand to `applyTable`. */
export const table: usize = memory.data(256, 16);

// Neighbours are often equal, and a count that was just stored is slow to load again: two sets of counts halve that.
const second: usize = memory.data(256 * 4, 16);

/** Fills `histogram` with the levels of `area` bytes at `pixels`. */
export function countLevels(pixels: usize, area: usize): void {
  memory.fill(histogram, 0, 1024);
  memory.fill(second, 0, 1024);
  const end = pixels + area;
  const even = pixels + (area & ~1);
  for (; pixels < even; pixels += 2) {
    const a = histogram + ((<usize>load<u8>(pixels)) << 2);
    const b = second + ((<usize>load<u8>(pixels, 1)) << 2);
    store<u32>(a, load<u32>(a) + 1);
    store<u32>(b, load<u32>(b) + 1);
  }
  if (pixels < end) {
    const a = histogram + ((<usize>load<u8>(pixels)) << 2);
    store<u32>(a, load<u32>(a) + 1);
  }
  for (let i: usize = 0; i < 1024; i += 16) {
    v128.store(histogram + i, i32x4.add(v128.load(histogram + i), v128.load(second + i)));
  }
}

/** Replaces `area` bytes at `pixels` by their entries in `table`. Pillow/Point.c. */
export function applyTable(pixels: usize, area: usize): void {
  for (const end = pixels + area; pixels < end; pixels++) store<u8>(pixels, load<u8>(table + load<u8>(pixels)));
}
