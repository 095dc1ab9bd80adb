// Median milliseconds of each SIMD kernel, one thread: node dist/scripts/bench-kernels.js [SIZE] [SECONDS PER LINE]
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SimdKernels } from '../src/augment/simd.js';
import type { Draw, DrawStep, Geometry } from '../src/sample/draw.js';

const jitter: readonly DrawStep[] = [
  { op: 'brightness', factor: 1.1 },
  { op: 'contrast', factor: 0.9 },
  { op: 'saturation', factor: 1.1 },
  { op: 'hue', turns: 0.07 },
];

/** Pixels with slopes and noise, whose repetition no branch predictor learns. */
function pixels(width: number, height: number): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = ((i / 7) & 127) + (state >>> 25);
  }
  return data;
}

function median(seconds: number, call: () => void): number {
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let i = 0; i < 30; i++) call();
  while (performance.now() < end || times.length < 9) {
    const start = performance.now();
    call();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return times[times.length >> 1]!;
}

function main(size: number, seconds: number): void {
  const kernels = SimdKernels.create();
  const out = new Uint8Array(new SharedArrayBuffer(size * size * 3));
  const window = { top: 0, left: 0, height: size, width: size };
  const geometry = (width: number, height: number, interpolation: Geometry['interpolation']): Geometry => ({
    crop: { top: 0, left: 0, height, width },
    width: size,
    height: size,
    window,
    interpolation,
    hflip: true,
    vflip: false,
  });
  const resizing = (of: Geometry, steps: readonly DrawStep[] = []): Draw => ({ geometry: of, steps, erase: null });
  const line = (name: string, call: () => void, less = 0): number => {
    const taken = median(seconds, call);
    console.log(`${name.padEnd(34)} ${(taken - less).toFixed(3)}`);
    return taken;
  };

  console.log(`milliseconds at ${size} x ${size}; what is not a resize is net of copying one image in and out`);
  console.log('"planes": with the way from interleaved pixels to planes and back\n');
  for (const interpolation of ['BICUBIC', 'BILINEAR', 'NEAREST'] as const) {
    for (const [width, height] of [
      [370, 275],
      [500, 375],
      [1024, 1024],
      [150, 120],
    ] as const) {
      const crop = { data: pixels(width, height), width, height };
      const draw = resizing(geometry(width, height, interpolation));
      line(`resize ${width} x ${height} ${interpolation}`, () => kernels.run(crop, draw, out));
    }
  }

  const image = pixels(size, size);
  const copied = line('copy in and out', () => kernels.apply(image, size, []));
  const operation = (name: string, ...steps: DrawStep[]) =>
    // Pixels change in place; what they hold does not change the time that the kernels take.
    line(name, () => kernels.apply(image, size, steps), copied);
  for (const step of jitter) operation(`planes and ${step.op}`, step);
  operation('all four', ...jitter);
  operation('planes and grayscale', { op: 'grayscale' });
  operation('planes and blur, radius 1', { op: 'gaussianBlur', sigma: 0.28 });
  operation('planes and blur, radius 4', { op: 'gaussianBlur', sigma: 1.2 });
  operation('planes and solarize', { op: 'solarize', threshold: 128 });
  operation('planes and posterize', { op: 'posterize', bits: 7 });
  operation('planes and sharpness', { op: 'sharpness', factor: 1.27 });
  operation('planes and autocontrast', { op: 'autocontrast' });
  operation('planes and equalize', { op: 'equalize' });
  for (const [op, magnitude] of [
    ['shearX', 0.09],
    ['shearY', 0.09],
    ['translateX', 30],
    ['rotate', 9],
  ] as const)
    operation(op, { op, magnitude, interpolation: 'BICUBIC' });
  operation('rotate, bilinear', { op: 'rotate', magnitude: 9, interpolation: 'BILINEAR' });
  operation('rotate, nearest', { op: 'rotate', magnitude: 9, interpolation: 'NEAREST' });

  const dinov3 = resizing(geometry(370, 275, 'BICUBIC'), [
    ...jitter,
    { op: 'gaussianBlur', sigma: 1.2 },
    { op: 'solarize', threshold: 128 },
  ]);
  const photograph = { data: pixels(370, 275), width: 370, height: 275 };
  line('dinov3, everything drawn', () => kernels.run(photograph, dinov3, out));
  console.log(`\nmemory ${(kernels.memory / 2 ** 20).toFixed(1)} MiB`);
}

if (realpathSync(process.argv[1]!) === fileURLToPath(import.meta.url)) {
  main(Number(process.argv[2] ?? 224), Number(process.argv[3] ?? 0.3));
}
