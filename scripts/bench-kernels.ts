// Median milliseconds of each SIMD kernel, one thread: node dist/scripts/bench-kernels.js [SIZE] [SECONDS PER LINE]
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SimdKernels } from '../src/augment/simd.js';
import type { Draw, Geometry, PolicyName } from '../src/sample/draw.js';

const none = { order: [0, 1, 2, 3], brightness: null, contrast: null, saturation: null, hue: null } as const;

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
  });
  const still: Omit<Draw, 'geometry'> = {
    ...{ hflip: false, vflip: false, policy: [], jitter: null },
    ...{ grayscale: false, blur: null, solarize: false, erase: null },
  };
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
      const draw = { ...still, geometry: geometry(width, height, interpolation), hflip: true };
      line(`resize ${width} x ${height} ${interpolation}`, () => kernels.reduce(crop, draw, size, out));
    }
  }

  const image = pixels(size, size);
  const crop = { data: image, width: size, height: size };
  const whole = (interpolation: Geometry['interpolation']) => geometry(size, size, interpolation);
  const copied = line('copy in and out', () =>
    kernels.photometric(image, size, { ...still, geometry: whole('NEAREST'), jitter: none }),
  );
  const resized = median(seconds, () => kernels.reduce(crop, { ...still, geometry: whole('BICUBIC') }, size, out));
  const operation = (name: string, changes: Partial<Draw>, interpolation: Geometry['interpolation'] = 'BICUBIC') => {
    const draw = { ...still, geometry: whole(interpolation), ...changes };
    // photometric() changes its pixels in place; what they hold does not change the time that the kernels take.
    if (draw.policy.length === 0) line(name, () => kernels.photometric(image, size, draw), copied);
    else line(name, () => kernels.reduce(crop, draw, size, out), resized);
  };
  operation('planes and brightness', { jitter: { ...none, brightness: 1.1 } });
  operation('planes and contrast', { jitter: { ...none, contrast: 1.1 } });
  operation('planes and saturation', { jitter: { ...none, saturation: 1.1 } });
  operation('planes and hue', { jitter: { ...none, hue: 0.07 } });
  operation('all four', { jitter: { ...none, brightness: 1.1, contrast: 0.9, saturation: 1.1, hue: 0.07 } });
  operation('planes and grey', { grayscale: true });
  operation('planes and blur, radius 1', { blur: 0.28 });
  operation('planes and blur, radius 4', { blur: 1.2 });
  operation('planes and solarize', { solarize: true });
  const policy: readonly [PolicyName, number][] = [
    ['ShearX', 0.09],
    ['ShearY', 0.09],
    ['TranslateX', 30],
    ['Rotate', 9],
    ['Sharpness', 0.27],
    ['Posterize', 7],
    ['AutoContrast', 0],
    ['Equalize', 0],
  ];
  for (const [name, magnitude] of policy) operation(name, { policy: [{ name, magnitude }] });
  operation('Rotate, bilinear', { policy: [{ name: 'Rotate', magnitude: 9 }] }, 'BILINEAR');
  operation('Rotate, nearest', { policy: [{ name: 'Rotate', magnitude: 9 }] }, 'NEAREST');

  const dinov3 = {
    ...still,
    geometry: geometry(370, 275, 'BICUBIC'),
    jitter: { ...none, brightness: 1.1, contrast: 0.9, saturation: 1.1, hue: 0.07 },
    blur: 1.2,
    solarize: true,
  };
  const photograph = { data: pixels(370, 275), width: 370, height: 275 };
  line('dinov3, everything drawn', () => kernels.run(photograph, dinov3, size, out));
  console.log(`\nmemory ${(kernels.memory / 2 ** 20).toFixed(1)} MiB`);
}

if (realpathSync(process.argv[1]!) === fileURLToPath(import.meta.url)) {
  main(Number(process.argv[2] ?? 224), Number(process.argv[3] ?? 0.3));
}
