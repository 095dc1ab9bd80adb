/**
 * CMYK to RGB as Pillow's `convert("RGB")` does it: by formula, whatever profile the file carries.
 *
 * Source: Pillow src/libImaging/Convert.c, `cmyk2rgb`.
 *
 * @param inks uint8, four values a pixel, 255 for full ink.
 * @returns uint8 RGB.
 */
export function cmykToRgb(inks: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((inks.length / 4) * 3);
  for (let from = 0, to = 0; from < inks.length; from += 4, to += 3) {
    const paper = 255 - inks[from + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      const product = inks[from + channel]! * paper + 128;
      rgb[to + channel] = Math.max(paper - (((product >> 8) + product) >> 8), 0);
    }
  }
  return rgb;
}
