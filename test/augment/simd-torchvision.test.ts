import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SimdKernels } from '../../src/augment/simd.js';
import type { Draw, PolicyName } from '../../src/sample/draw.js';
import { difference, draw, numbers, operationCases, randomDraw } from './gpu-cases.js';
import { policyCases, policyDraw, type ResizeCase, resizeDraw, scene, whole } from './simd-cases.js';

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
const interpolations = ['NEAREST', 'BILINEAR', 'BICUBIC'] as const;
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
  return { said: { kind: 'resize', ...resize }, pixels: scene(width, height, next), draw: resizeDraw(resize), size };
}

function policyCase(size: number, operations: readonly (readonly [PolicyName, number])[]): Case[] {
  return interpolations.map((interpolation) => ({
    said: { kind: 'policy', width: size, height: size, operations, interpolation },
    pixels: scene(size, size, next),
    draw: policyDraw(size, interpolation, operations),
    size,
  }));
}

function photometricCase(size: number, photometric: Draw): Case {
  const said = { kind: 'photometric', width: size, height: size, draw: photometric };
  return { said, pixels: scene(size, size, next), draw: draw({ ...photometric, geometry: whole(size) }), size };
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
const names = Object.keys(policyCases) as PolicyName[];
const policies = [
  ...names.flatMap((name) =>
    policyCases[name].flatMap((magnitude) => policyCase(pick(odd.slice(2)), [[name, magnitude]])),
  ),
  // RandAugment's and AutoAugment's own at the size that they are used at
  ...(['ShearX', 'ShearY', 'Rotate'] as const).flatMap((name) =>
    policyCases[name].slice(0, 4).flatMap((magnitude) => policyCase(224, [[name, magnitude]])),
  ),
  // one layout after another
  ...Array.from({ length: 60 }, () =>
    policyCase(
      pick(odd.slice(2)),
      [0, 1].map(() => pick(names)).map((name) => [name, pick(policyCases[name])] as const),
    ),
  ).flat(),
];
const photometrics = [
  ...Object.values(operationCases).flat(),
  ...Array.from({ length: 80 }, () => randomDraw(next)),
].map((photometric) => photometricCase(5 + Math.floor(next() * 90), photometric));

const cases = [...resizes, ...policies, ...photometrics];
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
    kernels.run({ data: each.pixels, width: each.said.width, height: each.said.height }, each.draw, each.size, out);
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

for (const name of names) {
  test(`${name} is torchvision’s`, () => {
    for (const each of policies) if (each.draw.policy.some((operation) => operation.name === name)) check(each);
  });
}

test('jitter, grey, blur and solarize are torchvision’s, a blur to one level', () => {
  let values = 0;
  let apart = 0;
  for (const each of photometrics) {
    if (each.draw.blur === null) check(each);
    else {
      const { out, wanted } = results.get(each)!;
      for (const [i, byte] of out.entries()) {
        // One level across the threshold of solarize stays one level: 127 and 255 - 128.
        assert.ok(Math.abs(byte - wanted[i]!) <= 1, JSON.stringify(each.said));
        if (byte !== wanted[i]) apart++;
      }
      values += out.length;
    }
  }
  assert.ok(values > 0 && apart / values <= 0.003, `${apart} of ${values}`);
});
