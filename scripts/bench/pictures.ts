import sharp from 'sharp';

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Uniform numbers in [0, 1) from a seed: the same files in every run of the bench. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** One grey plane of noise whose strength falls with its frequency, as photographs' does, values about 0. */
async function cloud(side: number, next: () => number, strengths: readonly number[]): Promise<Float32Array> {
  const plane = new Float32Array(side * side);
  for (const [octave, strength] of strengths.entries()) {
    const small = 2 ** (octave + 2);
    const noise = Buffer.from(Uint8Array.from({ length: small * small }, () => next() * 256));
    const wide = await sharp(noise, { raw: { width: small, height: small, channels: 1 } })
      .resize(side, side, { kernel: small < side ? 'cubic' : 'nearest' })
      .extractChannel(0)
      .raw()
      .toBuffer();
    for (let i = 0; i < plane.length; i++) plane[i]! += (wide[i]! - 127.5) * strength;
  }
  return plane;
}

/**
 * A square canvas with the texture of a photograph: noise of falling strength in brightness, broader and weaker noise in
 * colour.
 */
async function canvas(side: number, seed: number): Promise<Uint8Array> {
  const next = uniform(seed);
  const light = await cloud(side, next, [0.5, 0.4, 0.3, 0.24, 0.21, 0.19, 0.18, 0.17, 0.13]);
  const [warm, green] = [
    await cloud(side, next, [0.3, 0.2, 0.12, 0.08, 0.05]),
    await cloud(side, next, [0.2, 0.12, 0.08, 0.05, 0.03]),
  ];
  const pixels = new Uint8ClampedArray(side * side * 3);
  for (let i = 0; i < light.length; i++) {
    pixels[3 * i] = 118 + light[i]! + warm[i]!;
    pixels[3 * i + 1] = 116 + light[i]! + green[i]!;
    pixels[3 * i + 2] = 108 + light[i]! - warm[i]!;
  }
  return new Uint8Array(pixels.buffer);
}

/** Things with edges, so that not all is texture. */
function shapes({ width, height }: Size, next: () => number): Buffer {
  const shape = () => {
    const fill = `hsl(${Math.floor(next() * 360)} ${Math.floor(20 + next() * 40)}% ${Math.floor(15 + next() * 70)}%)`;
    const [x, y] = [next() * width, next() * height];
    const [w, h] = [(0.05 + 0.25 * next()) * width, (0.05 + 0.3 * next()) * height];
    const turn = `transform="rotate(${Math.floor(next() * 180)} ${x.toFixed(0)} ${y.toFixed(0)})"`;
    return next() < 0.5
      ? `<ellipse cx="${x.toFixed(0)}" cy="${y.toFixed(0)}" rx="${(w / 2).toFixed(0)}" ry="${(h / 2).toFixed(0)}" fill="${fill}" fill-opacity="0.8" ${turn}/>`
      : `<rect x="${x.toFixed(0)}" y="${y.toFixed(0)}" width="${w.toFixed(0)}" height="${h.toFixed(0)}" fill="${fill}" fill-opacity="0.8" ${turn}/>`;
  };
  const list = Array.from({ length: 8 }, shape).join('');
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${list}</svg>`);
}

const canvases = 4;

/**
 * Draws JPEG files (quality 90, 4:2:0) of one size with the texture, and so the bytes per pixel, of photographs.
 *
 * @returns a function from an index to that file's bytes; the same index gives the same bytes.
 */
export async function drawPictures(size: Size): Promise<(index: number) => Promise<Buffer>> {
  const side = 2 ** Math.ceil(Math.log2(Math.max(size.width, size.height) * 1.5));
  const made = await Promise.all(Array.from({ length: canvases }, (_, seed) => canvas(side, seed + 1)));
  return async (index) => {
    const next = uniform(1000 + index);
    const left = Math.floor(next() * (side - size.width));
    const top = Math.floor(next() * (side - size.height));
    const cut = await sharp(made[index % canvases]!, { raw: { width: side, height: side, channels: 3 } })
      .extract({ left, top, ...size })
      .linear(0.6 + 0.6 * next(), 20 * next())
      .raw()
      .toBuffer();
    return sharp(cut, { raw: { ...size, channels: 3 } })
      .composite([{ input: shapes(size, next) }])
      .removeAlpha()
      .jpeg({ quality: 90 })
      .toBuffer();
  };
}
