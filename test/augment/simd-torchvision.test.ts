import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { uncertainValues } from '../../scripts/near-half.js';
import { apart } from '../../scripts/sample-pixels.js';
import { SimdKernels } from '../../src/augment/simd.js';
import type { Draw, DrawStep, OperationName } from '../../src/sample/draw.js';
import {
  anySteps,
  difference,
  draw,
  flatPicture,
  interpolations,
  numbers,
  type ResizeCase,
  randomSteps,
  resizeDraw,
  scene,
  stepCases,
  whole,
} from './cases.js';

/** The Python whose torch, torchvision and Pillow are the specification. */
const python = process.env.TRIBUTARY_PYTHON ?? '/usr/bin/python3';
const script = fileURLToPath(new URL('../../../test/augment/simd_torchvision.py', import.meta.url));

interface Case {
  /** What the script is told. */
  readonly said: Record<string, unknown> & { readonly width: number; readonly height: number };
  readonly pixels: Uint8Array;
  readonly draw: Draw;
  readonly size: number;
}

const next = numbers(2026);
const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
const odd = [1, 2, 3, 7, 16, 33, 61, 97];

function resizeCase(changes: Partial<ResizeCase>): Case {
  const side = () => 1 + Math.floor(next() ** 2 * 400);
  const size = changes.size ?? pick(odd);
  const to = changes.to ?? [size + Math.floor(next() * 40), size + Math.floor(next() * 40)];
  const resize: ResizeCase = {
    width: side(),
    height: side(),
    to,
    size,
    left: Math.floor(next() * (to[0] - size + 1)),
    top: Math.floor(next() * (to[1] - size + 1)),
    hflip: next() < 0.5,
    vflip: next() < 0.5,
    interpolation: pick(interpolations),
    ...changes,
  };
  const { width, height } = resize;
  return { said: { ...resize }, pixels: scene(width, height, next), draw: resizeDraw(resize), size };
}

function stepsCase(size: number, steps: readonly DrawStep[]): Case {
  const said = { width: size, height: size, steps };
  return { said, pixels: scene(size, size, next), draw: draw({ steps, geometry: whole(size) }), size };
}

const resizes = [
  ...Array.from({ length: 150 }, () => resizeCase({})),
  // neither, one, and both dimensions as they are
  resizeCase({ width: 61, height: 61, to: [61, 61], size: 61, left: 0, top: 0 }),
  resizeCase({ width: 61, height: 300, to: [61, 61], size: 61, left: 0, top: 0, interpolation: 'BICUBIC' }),
  resizeCase({ width: 300, height: 61, to: [61, 61], size: 61, left: 0, top: 0, interpolation: 'BILINEAR' }),
  // longer than a strip, and taller than a band
  resizeCase({ width: 20_011, height: 5, size: 33, interpolation: 'BICUBIC' }),
  resizeCase({ width: 3, height: 60_013, size: 97, vflip: true, interpolation: 'BICUBIC' }),
  ...[500, 4].map((height) => resizeCase({ width: 375, height, to: [224, 224], size: 224, left: 0, top: 0 })),
];
const names = Object.keys(stepCases) as OperationName[];
const lists = [
  ...names.flatMap((name) => stepCases[name].map((step: DrawStep) => stepsCase(pick(odd.slice(3)), [step]))),
  // RandAugment's and AutoAugment's own at the size that they are used at
  ...(['shearX', 'shearY', 'rotate'] as const).flatMap((name) =>
    stepCases[name].slice(0, 12).map((step: DrawStep) => stepsCase(224, [step])),
  ),
  // one layout after another
  ...Array.from({ length: 180 }, () => stepsCase(pick(odd.slice(3)), anySteps(next, 4))),
  ...Array.from({ length: 80 }, () => stepsCase(5 + Math.floor(next() * 90), randomSteps(next))),
];

const blurs = Array.from({ length: 160 }, (_, i) => {
  const size = pick([31, 97, 224]);
  const blurred = stepsCase(size, [{ op: 'gaussianBlur', sigma: Math.fround(0.1 + 1.9 * next()) }]);
  return i % 5 === 4 ? blurred : { ...blurred, pixels: flatPicture(i % 5, size, next) };
});

const cases = [...resizes, ...lists, ...blurs];
const answered = spawnSync(python, [script], {
  input: Buffer.concat(cases.flatMap(({ said, pixels }) => [Buffer.from(`${JSON.stringify(said)}\n`), pixels])),
  maxBuffer: 2 ** 28,
});
assert.equal(answered.status, 0, String(answered.stderr));
const kernels = SimdKernels.create();
let at = 0;
const results = new Map(
  cases.map((each) => {
    const length = each.size * each.size * 3;
    const wanted = new Uint8Array(answered.stdout.subarray(at, at + length));
    at += length;
    const out = new Uint8Array(length);
    kernels.run({ data: each.pixels, width: each.said.width, height: each.said.height }, each.draw, out);
    return [each, { out, wanted }];
  }),
);

function check(each: Case): void {
  const { out, wanted } = results.get(each)!;
  assert.equal(difference(out, wanted, each.size), undefined, JSON.stringify(each.said));
}

test('resize, window and flips are Pillow’s', () => {
  assert.equal(at, answered.stdout.length);
  for (const each of resizes) check(each);
});

/** Where its last blur stands; -1 where it has none. */
const blurOf = (each: Case) => each.draw.steps.findLastIndex(({ op }) => op === 'gaussianBlur');

for (const name of names.filter((each) => each !== 'gaussianBlur')) {
  test(`${name} is torchvision’s`, () => {
    for (const each of lists) if (blurOf(each) < 0 && each.draw.steps.some(({ op }) => op === name)) check(each);
  });
}

test('a blur is torchvision’s, but for one level where its exact value lies close to a half', () => {
  let values = 0;
  for (const each of [...lists, ...blurs]) {
    const { steps } = each.draw;
    // What follows must leave one level apart one level apart, as solarize at its threshold does: 127 and 255 - 128.
    const isSmall = steps.filter(({ op }) => op === 'gaussianBlur').length === 1;
    const follows = steps.slice(1 + blurOf(each));
    if (!isSmall || follows.some((step) => step.op !== 'solarize' || step.threshold !== 128)) continue;
    const { out, wanted } = results.get(each)!;
    const crop = { data: each.pixels, width: each.said.width, height: each.said.height };
    const found = apart(out, wanted, () => uncertainValues(kernels, crop, each.draw, each.size));
    assert.equal(found.outside, 0, JSON.stringify([each.said, found]));
    values += found.count;
  }
  assert.ok(values > 0);
});
