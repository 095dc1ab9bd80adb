const allOnes: u8 = 0xff;
const firstRestart: u8 = 0xd0;

let segments: usize = 0;
let count: i32 = 0;
let end: usize = 0;

/** Behind the marker that closes the scan. */
export function scanEnd(): usize {
  return end;
}

/** Start and end of a segment, as `openSegment` takes them. */
export function segmentStart(index: i32): usize {
  return load<u32>(segments + (<usize>index << 3));
}

export function segmentEnd(index: i32): usize {
  return load<u32>(segments + (<usize>index << 3), 4);
}

/** Segments found. */
export function segmentCount(): i32 {
  return count;
}

/**
 * Copies the entropy-coded bytes from `from` on, backwards below `top`, without the zeros stuffed after 0xff, up to the
 * first marker that is no expected restart.
 *
 * @param table room for `most` segments of eight bytes each.
 * @param restarts whether restart markers part the stream.
 * @returns the lowest address written, or 0 where the stream is not as a sound encoder writes it.
 */
export function gather(from: usize, to: usize, top: usize, table: usize, most: i32, restarts: bool): usize {
  segments = table;
  count = 0;
  let out = top;
  let start = top;
  while (from < to) {
    const plain = copyPlain(from, to, out);
    from += plain;
    out -= plain;
    // Byte by byte through the one that stopped the copy.
    const until = min(from + 16, to);
    while (from < until) {
      const byte = load<u8>(from++);
      if (byte != allOnes) {
        store<u8>(--out, byte);
        continue;
      }
      if (from >= to) return 0;
      let marker = load<u8>(from++);
      if (marker == 0) {
        store<u8>(--out, byte);
        continue;
      }
      while (marker == allOnes) {
        if (from >= to) return 0;
        marker = load<u8>(from++);
        // libjpeg takes fill bytes before a stuffed zero for data.
        if (marker == 0) return 0;
      }
      if (!note(start, out, most)) return 0;
      if (!restarts || (marker & 0xf8) != firstRestart) {
        end = from;
        return out;
      }
      if ((marker & 7) != <u8>((count - 1) & 7)) return 0;
      start = out;
      break;
    }
  }
  return 0;
}

// Copies sixteen bytes at a time up to those that hold a 0xff, or to the last fifteen; tells how many.
// @ts-ignore: decorator
@inline
function copyPlain(from: usize, to: usize, top: usize): usize {
  let at: usize = 0;
  while (from + at + 16 <= to) {
    const bytes = v128.load(from + at);
    if (v128.any_true(i8x16.eq(bytes, i8x16.splat(-1)))) break;
    at += 16;
    v128.store(top - at, i8x16.shuffle(bytes, bytes, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  }
  return at;
}

function note(start: usize, end: usize, most: i32): bool {
  if (count >= most) return false;
  store<u32>(segments + (<usize>count << 3), <u32>start);
  store<u32>(segments + (<usize>count << 3), <u32>end, 4);
  count++;
  return true;
}

/**
 * Copies a part of a sound scan without restarts, as `gather` does: from the first byte that a code lies in to before `to`.
 *
 * @returns the lowest address written.
 */
export function gatherPart(from: usize, to: usize, top: usize): usize {
  let out = top;
  while (from < to) {
    const plain = copyPlain(from, to, out);
    from += plain;
    out -= plain;
    const until = min(from + 16, to);
    while (from < until) {
      const byte = load<u8>(from++);
      store<u8>(--out, byte);
      // Behind it lies a stuffed zero, as the scan is sound.
      if (byte == allOnes) from++;
    }
  }
  return out;
}
