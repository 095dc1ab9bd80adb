import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { runFingerprint } from '../../src/run/fingerprint.js';
import { defaultLimits } from '../../src/run/limits.js';
import type { Run } from '../../src/run/run.js';
import { read, refused, withRun } from './fixture.js';

const manifests = [
  { name: 'a', fingerprint: '11'.repeat(32) },
  { name: 'b', fingerprint: '22'.repeat(32) },
];
const run = read(withRun()).runs.r!;
const print = (changed: Partial<Run>) => runFingerprint({ ...run, ...changed }, manifests);
const own = print({});

// A change of this value is a decision: every run of every user gets another fingerprint, and streamVersion must rise
// with it where bytes change.
const golden = 'a0350985ac91ae51f6b5b63292d8ae340a601f0c8e7589fdb7846c6e2d497037';

test('the golden fingerprint', () => {
  assert.equal(own, golden);
  const text =
    '{"global_batch":8,"image_size":224,"knobs":{"auto_augment":null,"color_jitter":1,"erasing":0,"fliplr":0.5,"flipud":0,' +
    '"force_color_jitter":false,"gaussian_blur":0.5,"grayscale":0.2,"hsv_h":0.1,"hsv_s":0.2,"hsv_v":0.4,' +
    '"interpolation":"BICUBIC","ratio":[0.75,1.3333333333333333],"scale":[0.08,1],"solarize":0.2},' +
    '"limits":{"bytes":67108864,"pixels":178956970},"mixing":{"sample_t":0},"on_corrupt":"substitute","sampling":"exact",' +
    `"seed":0,"sources":[{"fingerprint":"${'11'.repeat(32)}","name":"a"},{"fingerprint":"${'22'.repeat(32)}","name":"b"}],` +
    '"split":"train","version":2}';
  assert.equal(createHash('sha256').update(text).digest('hex'), golden);
});

test('everything that decides bytes changes it', () => {
  const changes: Partial<Run>[] = [
    ...Object.entries(run.knobs).map(([name, value]) => ({ knobs: { ...run.knobs, [name]: other(value) } })),
    { sources: ['b', 'a'] },
    { sources: ['a'] },
    { sample_t: 0.5 },
    { weights: { a: 1, b: 2 } },
    { weights: { a: 2, b: 1 } },
    { sampling: 'iid' },
    { split: 'val' },
    { split: 'val', evaluate: true },
    { evaluate: true },
    { evaluate: true, resize_size: 256 },
    { seed: 1 },
    { image_size: 96 },
    { global_batch: 16 },
    { on_corrupt: 'fail' },
    { limits: { ...defaultLimits, pixels: 1 } },
    { limits: { ...defaultLimits, bytes: 1 } },
  ];
  const prints = changes.map(print);
  assert.equal(new Set([own, ...prints]).size, changes.length + 1);
  const edited = [manifests[0]!, { name: 'b', fingerprint: '23'.repeat(32) }];
  assert.notEqual(runFingerprint(run, edited), own);
  // Labels count where they are others than the sources' own.
  const labelled = [
    ['cat', 'dog'],
    ['dog', 'cat'],
  ].map((names) => runFingerprint(run, manifests, names));
  assert.equal(new Set([own, ...labelled]).size, 3);
});

test('nothing else does', () => {
  const same: Run[] = [
    { ...run, name: 'other', recipe: 'other', max_corrupt: 1, limits: { ...defaultLimits, seconds: 1 } },
    { ...run, training: { ...run.training, epochs: 1, lr0: 0, wd_end: null } },
    Object.fromEntries(Object.entries(run).toReversed()) as unknown as Run,
    { ...run, knobs: Object.fromEntries(Object.entries(run.knobs).toReversed()) as unknown as Run['knobs'] },
  ];
  for (const other of same) assert.equal(runFingerprint(other, manifests), own);
  assert.equal(runFingerprint(run, [{ name: 'c', fingerprint: '' }, ...manifests.toReversed()]), own);
  // What nothing of the run looks at: the size of an evaluation while it trains.
  assert.equal(print({ resize_size: 256, labels: 'own' }), own);
  const weights = { a: 1, b: 2 };
  assert.equal(print({ weights, sample_t: 0.5 }), print({ weights: { b: 2, a: 1 }, sample_t: 0 }));
});

test('a recipe and the same knobs written out are the same run', () => {
  const written = Object.entries(run.knobs).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const eupe = read(withRun(...written).replace('dinov3', 'eupe')).runs.r!;
  assert.equal(runFingerprint(eupe, manifests), own);
});

test('the views of a run decide its fingerprint, one view written as a group is the short form, and none of it counts where it evaluates', () => {
  const of = (...lines: string[]) =>
    runFingerprint(read(withRun(...lines).replace('dinov3\n', 'dinov3_vitl\n')).runs.r!, manifests);
  const changes = [
    ['global_size: 256'],
    ['local_count: 7'],
    ['local_scale: [0.1, 0.3]'],
    ['global_gaussian_blur: [1, 0.1]'],
    ['gram_size: 224'],
    ['share_color_jitter: true'],
    ['views: [{name: global, image_size: 224}]'],
  ];
  const prints = changes.map((lines) => of(...lines));
  assert.equal(new Set([own, of(), ...prints]).size, changes.length + 2);
  assert.equal(of('global_size: 224', 'local_solarize: 0'), of());
  assert.equal(of('split: val', 'image_size: 224', 'local_count: 3'), of('split: val'));
  const short = read(withRun('views: [{name: image, image_size: 224}]')).runs.r!;
  assert.equal(runFingerprint(short, manifests), own);
});

test('a source without a manifest is refused by name', () => {
  refused(() => runFingerprint(run, manifests.slice(0, 1)), 'NOT_INDEXED', /none for b/);
});

function other(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 0.01;
  if (Array.isArray(value)) return [value[0] + 0.01, value[1]];
  if (value === 'ultralytics') return 'dinov3';
  return value === null ? 'autoaugment' : 'NEAREST';
}
