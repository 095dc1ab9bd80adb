/** Copies the RGB pixels at int32 `columns` of one row. Pillow/Geometry.c, `ImagingScaleAffine`, within the image. */
export function gatherRow(from: usize, to: usize, columns: usize, width: usize): void {
  for (const end = to + 3 * width; to < end; to += 3) {
    const pixel = from + 3 * load<u32>(columns);
    store<u16>(to, load<u16>(pixel));
    store<u8>(to, load<u8>(pixel, 2), 2);
    columns += 4;
  }
}
