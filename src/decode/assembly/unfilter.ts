/**
 * Turns filtered rows of a PNG into samples, where they lie.
 *
 * Source: the PNG specification, 9.2.
 *
 * @param from the first row, its filter byte before it; the row above it lies right before that, or is zeros.
 * @param stride bytes of a row with its filter.
 * @param pixel bytes from a sample to the same one of the pixel on its left: 1, 2, 3, 4, 6 or 8.
 */
export function unfilterRows(from: usize, stride: i32, rows: i32, pixel: i32): void {
  for (; rows > 0; rows--, from += stride) {
    const row = from + 1;
    const above = row - stride;
    const length = stride - 1;
    switch (load<u8>(from)) {
      case 1:
        walk(row, above, length, pixel, 1);
        break;
      case 2:
        addAbove(row, above, length);
        break;
      case 3:
        walk(row, above, length, pixel, 3);
        break;
      case 4:
        walk(row, above, length, pixel, 4);
    }
  }
}

function addAbove(row: usize, above: usize, length: i32): void {
  let i: usize = 0;
  for (; i + 16 <= <usize>length; i += 16) v128.store(row + i, i8x16.add(v128.load(row + i), v128.load(above + i)));
  for (; i < <usize>length; i++) store<u8>(row + i, load<u8>(row + i) + load<u8>(above + i));
}

function walk(row: usize, above: usize, length: i32, pixel: i32, filter: i32): void {
  if (pixel == 1) filtered(row, above, length, 1, filter);
  else if (pixel == 2) filtered(row, above, length, 2, filter);
  else if (pixel == 3) filtered(row, above, length, 3, filter);
  else if (pixel == 4) filtered(row, above, length, 4, filter);
  else if (pixel == 6) filtered(row, above, length, 6, filter);
  else filtered(row, above, length, 8, filter);
}

// Made for each width of a pixel and each filter, so that the loops know both.
// @ts-ignore: decorator
@inline
function filtered(row: usize, above: usize, length: i32, pixel: i32, filter: i32): void {
  if (filter == 1) pixels(row, above, length, pixel, 1);
  else if (filter == 3) pixels(row, above, length, pixel, 3);
  else pixels(row, above, length, pixel, 4);
}

// A pixel at a time, its bytes side by side as 16-bit lanes.
// @ts-ignore: decorator
@inline
function pixels(row: usize, above: usize, length: i32, pixel: i32, filter: i32): void {
  const low = i16x8.splat(255);
  let left = i16x8.splat(0);
  let leftAbove = i16x8.splat(0);
  for (let i = 0; i < length; i += pixel, row += pixel, above += pixel) {
    let predicted = left;
    if (filter != 1) {
      const up = v128.load_ext<u8>(above);
      if (filter == 3) predicted = i16x8.shr_u(i16x8.add(left, up), 1);
      else {
        const toLeft = i16x8.sub(up, leftAbove);
        const toUp = i16x8.sub(left, leftAbove);
        const fromLeft = i16x8.abs(toLeft);
        const fromUp = i16x8.abs(toUp);
        const fromCorner = i16x8.abs(i16x8.add(toLeft, toUp));
        const takesLeft = v128.and(i16x8.le_s(fromLeft, fromUp), i16x8.le_s(fromLeft, fromCorner));
        const other = v128.bitselect(up, leftAbove, i16x8.le_s(fromUp, fromCorner));
        predicted = v128.bitselect(left, other, takesLeft);
        leftAbove = up;
      }
    }
    left = v128.and(i16x8.add(v128.load_ext<u8>(row), predicted), low);
    put(row, i64x2.extract_lane(i8x16.narrow_i16x8_u(left, left), 0), pixel);
  }
}

// @ts-ignore: decorator
@inline
function put(at: usize, bytes: i64, pixel: i32): void {
  if (pixel == 1) store<u8>(at, <u8>bytes);
  else if (pixel == 2) store<u16>(at, <u16>bytes);
  else if (pixel == 3) {
    store<u16>(at, <u16>bytes);
    store<u8>(at, <u8>(bytes >> 16), 2);
  } else if (pixel == 4) store<u32>(at, <u32>bytes);
  else if (pixel == 6) {
    store<u32>(at, <u32>bytes);
    store<u16>(at, <u16>(bytes >> 32), 4);
  } else store<u64>(at, <u64>bytes);
}
