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
