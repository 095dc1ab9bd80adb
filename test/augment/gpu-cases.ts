import type { Draw } from '../../src/sample/draw.js';

const geometry = {
  crop: { top: 0, left: 0, height: 1, width: 1 },
  width: 1,
  height: 1,
  window: { top: 0, left: 0, height: 1, width: 1 },
  interpolation: 'BICUBIC',
} as const;

/** A draw that changes nothing, with `changes` made to it. */
export function draw(changes: Partial<Draw>): Draw {
  return {
    geometry,
    hflip: false,
    vflip: false,
    policy: [],
    jitter: null,
    grayscale: false,
    blur: null,
    solarize: false,
    erase: null,
    ...changes,
  };
}

const none = { order: [0, 1, 2, 3], brightness: null, contrast: null, saturation: null, hue: null } as const;

/** Each operation of the chain alone, with factors at and beyond the ends of what recipes draw. */
export const operationCases: Readonly<Record<string, readonly Draw[]>> = {
  brightness: [0, 0.6, 1, 1.3999, 3.7].map((x) => draw({ jitter: { ...none, brightness: Math.fround(x) } })),
  contrast: [0, 0.6, 1, 1.3999, 3.7].map((x) => draw({ jitter: { ...none, contrast: Math.fround(x) } })),
  saturation: [0, 0.8, 1, 1.1999, 3.7].map((x) => draw({ jitter: { ...none, saturation: Math.fround(x) } })),
  hue: [-0.5, -0.1, -0.003, 0, 0.0831, 0.5].map((x) => draw({ jitter: { ...none, hue: Math.fround(x) } })),
  grayscale: [draw({ grayscale: true })],
  'gaussian-blur': [0.1, 0.25, 0.3, 0.55, 0.83, 1.1, 2, 5, 50].map((x) => draw({ blur: Math.fround(x) })),
  solarize: [draw({ solarize: true }), draw({ solarize: true, blur: Math.fround(0.9) })],
};

/** Numbers in [0, 1) that a seed decides. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (Math.imul(state ^ (state >>> 15), 2654435761) >>> 0) / 2 ** 32;
  };
}

/** A draw with every choice open, in the ranges of the recipes and a little beyond. */
export function randomDraw(next: () => number): Draw {
  const order = [0, 1, 2, 3] as [number, number, number, number];
  for (let i = 3; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const factor = (low: number, high: number) => (next() < 0.85 ? Math.fround(low + (high - low) * next()) : null);
  return draw({
    jitter:
      next() < 0.9
        ? {
            order,
            brightness: factor(0.4, 1.6),
            contrast: factor(0.4, 1.6),
            saturation: factor(0.2, 1.8),
            hue: factor(-0.2, 0.2),
          }
        : null,
    grayscale: next() < 0.25,
    blur: next() < 0.5 ? Math.fround(0.1 + 2.4 * next()) : null,
    solarize: next() < 0.3,
  });
}

/** Images, half of them noise and half gradients with noise in the low bits, `[n, size, size, 3]`. */
export function randomImages(n: number, size: number, next: () => number): Uint8Array {
  const pixels = new Uint8Array(n * size * size * 3);
  let i = 0;
  for (let z = 0; z < n; z++) {
    const [a, b, c] = [next() * 255, (next() - 0.5) * 400, (next() - 0.5) * 400];
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size * 3; x++)
        pixels[i++] =
          z % 2 === 0
            ? next() * 256
            : Math.max(0, Math.min(255, a + (b * x) / size / 3 + (c * y) / size + next() * 8 + (x % 3) * 20));
  }
  return pixels;
}

/** Where and how much two batches differ, for a message. */
export function difference(came: Uint8Array, expected: Uint8Array, size: number): string | undefined {
  const first = came.findIndex((byte, i) => byte !== expected[i]);
  if (first < 0) return came.length === expected.length ? undefined : 'other lengths';
  const count = came.filter((byte, i) => byte !== expected[i]).length;
  const image = Math.floor(first / (size * size * 3));
  return `${count} bytes, first ${came[first]} for ${expected[first]} at ${first} (image ${image})`;
}
