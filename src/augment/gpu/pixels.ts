/** Columns of a packed image: its width, filled up to whole vectors of four. */
export function columnsOf(size: number): number {
  return (size + 3) & ~3;
}

/**
 * Packs one image, uint8 RGB `[size, size, 3]`, as float32 `[size, columns]`, a pixel being `r * 65536 + g * 256 + b`.
 * Columns past the width are left alone.
 */
export function pack(pixels: Uint8Array, size: number, target: Float32Array): void {
  const padding = columnsOf(size) - size;
  let from = 0;
  let to = 0;
  for (let row = 0; row < size; row++) {
    for (let x = 0; x < size; x++, from += 3, to++)
      target[to] = (pixels[from]! << 16) | (pixels[from + 1]! << 8) | pixels[from + 2]!;
    to += padding;
  }
}

/** The inverse of `pack`. */
export function unpack(packed: Float32Array, size: number, pixels: Uint8Array): void {
  const padding = columnsOf(size) - size;
  let from = 0;
  let to = 0;
  for (let row = 0; row < size; row++) {
    for (let x = 0; x < size; x++, from++, to += 3) {
      const pixel = packed[from]!;
      pixels[to] = pixel >> 16;
      pixels[to + 1] = (pixel >> 8) & 255;
      pixels[to + 2] = pixel & 255;
    }
    from += padding;
  }
}

/**
 * A run's result as one array. gpu.js hands out rows `[n][rows]` that are views of one readback, except in its `cpu` mode.
 */
export function flatten(rows: readonly (readonly Float32Array[])[], length: number): Float32Array {
  const first = rows[0]![0]!;
  if (first.byteOffset === 0 && first.buffer.byteLength === length * 4) return new Float32Array(first.buffer);
  const flat = new Float32Array(length);
  let at = 0;
  for (const image of rows)
    for (const row of image) {
      flat.set(row, at);
      at += row.length;
    }
  return flat;
}
