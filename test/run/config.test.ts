import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bounds } from '../../src/contract/bounds.js';
import { TributaryError } from '../../src/errors.js';
import { findRun, findSource, parseConfig, parseInlineRun, parseRun } from '../../src/run/config.js';
import { defaultLimits } from '../../src/run/limits.js';
import { recipes } from '../../src/run/recipes.js';
import { read, refused, withRun } from './fixture.js';

test('a run has its recipe, the defaults, and its own values on top', () => {
  const { r } = read(withRun('grayscale: 0', 'scale: [0.32, 1]', 'wd_end: null', 'epochs: 3')).runs;
  const dinov3 = recipes.find(({ name }) => name === 'dinov3')!;
  assert.deepEqual(r, {
    name: 'r',
    recipe: 'dinov3',
    knobs: { ...dinov3.knobs, grayscale: 0, scale: [0.32, 1] },
    training: { ...dinov3.training, wd_end: null, epochs: 3 },
    sources: ['a', 'b'],
    sample_t: 0,
    weights: null,
    sampling: 'exact',
    split: 'train',
    evaluate: false,
    labels: 'joined',
    seed: 0,
    views: [],
    resolutions: [],
    share_color_jitter: false,
    image_size: 224,
    resize_size: 224,
    global_batch: 8,
    on_corrupt: 'substitute',
    max_corrupt: 0.1,
    limits: defaultLimits,
  });
});

test('paths are relative to the folder of the config', () => {
  const config = read(withRun());
  assert.deepEqual(config.sources, {
    a: { name: 'a', path: '/runs/data/a', layout: undefined },
    b: { name: 'b', path: '/data/b', layout: 'coco' },
  });
  assert.equal(config.index, '/runs/.tributary');
  const links = (value: string) => read(`sources: {a: {path: x, follow_links: ${value}}}`).sources.a!.followLinks;
  assert.deepEqual([links('true'), links('[../blobs, /mnt/b]')], [true, ['/blobs', '/mnt/b']]);
  assert.equal(read(`index: ../index\n${withRun()}`).index, '/index');
  assert.equal(read(`index: s3://bucket/index\n${withRun()}`).index, 's3://bucket/index');
});

test('limits are those of the config over the defaults, and reach every run', () => {
  const config = read(`limits: {pixels: 1000}\n${withRun()}`);
  assert.deepEqual(config.limits, { ...defaultLimits, pixels: 1000 });
  assert.deepEqual(config.runs.r!.limits, config.limits);
});

test('merge keys share values between runs', () => {
  const text = `${withRun('grayscale: 0.3').replace('r:', 'r: &r')}  s:\n    <<: *r\n    seed: 7\n`;
  const { r, s } = read(text).runs;
  assert.deepEqual(s, { ...r, name: 's', seed: 7 });
});

const wrong: readonly [line: string, reason: Parameters<typeof refused>[1], pattern: RegExp][] = [
  ['grayscale: 1.5', 'KNOB_OUT_OF_RANGE', /a probability in \[0, 1\] for runs\.r\.grayscale, but got 1\.5 .*line 9/],
  ['fliplr: -0.1', 'KNOB_OUT_OF_RANGE', /-0\.1/],
  ['erasing: .nan', 'CONFIG_INVALID', /NaN/],
  ['erasing: "0.4"', 'CONFIG_INVALID', /"0\.4"/],
  ['solarize:', 'CONFIG_INVALID', /got null/],
  ['hsv_h: 0.51', 'KNOB_OUT_OF_RANGE', /\[0, 0\.5\]/],
  ['hsv_s: 1.1', 'KNOB_OUT_OF_RANGE', /hsv_s/],
  ['scale: [1, 0.5]', 'KNOB_OUT_OF_RANGE', /low <= high <= 1 for runs\.r\.scale, but got \[1,0\.5\]/],
  ['scale: [0, 1]', 'KNOB_OUT_OF_RANGE', /0 < low/],
  ['scale: [0.5, 1.1]', 'KNOB_OUT_OF_RANGE', /high <= 1/],
  ['scale: 0.5', 'KNOB_OUT_OF_RANGE', /a pair/],
  ['ratio: [2, 1]', 'KNOB_OUT_OF_RANGE', /ratio/],
  ['ratio: [1, 2, 3]', 'KNOB_OUT_OF_RANGE', /ratio/],
  ['interpolation: bicubic', 'KNOB_OUT_OF_RANGE', /nearest name.* BICUBIC/],
  ['auto_augment: augmix', 'UNSUPPORTED_KNOB', /upstream itself fails/],
  ['auto_augment: randaug', 'KNOB_OUT_OF_RANGE', /nearest name.* randaugment/],
  ['force_color_jitter: 1', 'CONFIG_INVALID', /true or false/],
  ['image_size: 8', 'KNOB_OUT_OF_RANGE', /\[9, 4096\]/],
  ['image_size: 4097', 'KNOB_OUT_OF_RANGE', /\[9, 4096\]/],
  ['image_size: 224.5', 'KNOB_OUT_OF_RANGE', /a whole number/],
  ['epochs: 0', 'KNOB_OUT_OF_RANGE', /epochs/],
  ['wd_end: 1.1', 'KNOB_OUT_OF_RANGE', /wd_end/],
  ['wd_schedule: cos', 'KNOB_OUT_OF_RANGE', /nearest name is cosine/],
  ['momentum: 1', 'KNOB_OUT_OF_RANGE', /\[0, 1\)/],
  ['sample_t: 2', 'KNOB_OUT_OF_RANGE', /sample_t/],
  ['seed: -1', 'KNOB_OUT_OF_RANGE', /seed/],
  ['seed: 9007199254740993', 'KNOB_OUT_OF_RANGE', /2\^53/],
  ['max_corrupt: 2', 'KNOB_OUT_OF_RANGE', /max_corrupt/],
  ['on_corrupt: skip', 'KNOB_OUT_OF_RANGE', /substitute, fail/],
  ['split: validation', 'KNOB_OUT_OF_RANGE', /train, val/],
  ['weights: {a: 1}', 'CONFIG_INVALID', /none for b/],
  ['weights: {a: 1, b: -1}', 'KNOB_OUT_OF_RANGE', /above 0 for runs\.r\.weights\.b, but got -1/],
  ['weights: {a: 1, b: 1, c: 1}', 'CONFIG_INVALID', /the run's own sources.*"c"/],
  ['weights: {a: 0, b: 0}', 'KNOB_OUT_OF_RANGE', /2 problems/],
  ['solarise: 0.1', 'UNKNOWN_KNOB', /nearest name is solarize/],
  ['hsv_hue: 0.1', 'UNKNOWN_KNOB', /nearest names are hsv_h, hsv_s, hsv_v/],
  ['weight_decay_end: 0.1', 'UNKNOWN_KNOB', /weight_decay/],
  ['constructor: 1', 'UNKNOWN_KNOB', /"constructor"/],
  ['xyzzy: 1', 'UNKNOWN_KNOB', /docs\/configuration\.md/],
  ['mosaic: 1', 'UNSUPPORTED_KNOB', /combines or labels several images/],
  ['imgsz: 224', 'UNSUPPORTED_KNOB', /Use image_size instead/],
];

for (const [line, reason, pattern] of wrong) {
  test(`${line} is refused`, () => {
    const error = refused(() => read(withRun(line)), reason, pattern);
    if (error.metadata.line !== undefined) assert.equal(error.metadata.line, '9');
  });
}

test('values at the ends of their ranges are taken', () => {
  const ends = [
    'hsv_h: 0.5',
    'grayscale: 1',
    'image_size: 9',
    'scale: [1, 1]',
    'seed: 9007199254740991',
    'beta2: null',
  ];
  const { r } = read(withRun(...ends)).runs;
  assert.deepEqual([r!.knobs.hsv_h, r!.image_size, r!.seed, r!.knobs.scale], [0.5, 9, 2 ** 53 - 1, [1, 1]]);
});

for (const none of ['null', "''", 'none', 'None', '~']) {
  test(`auto_augment: ${none} means none`, () => {
    const text = withRun(`auto_augment: ${none}`).replace('dinov3', 'default');
    assert.equal(read(text).runs.r!.knobs.auto_augment, null);
  });
}

test('a recipe, a source or a run that is not there is refused with the nearest names', () => {
  refused(
    () => read(withRun().replace('dinov3', 'dinov33')),
    'UNKNOWN_RECIPE',
    /nearest names are dinov3, dinov2, dinov3_7b/,
  );
  refused(() => read(withRun().replace('[a, b]', '[a, c]')), 'UNKNOWN_SOURCE', /"c".*names are a, b/);
  refused(() => read(withRun().replace('[a, b]', '[a, a]')), 'CONFIG_INVALID', /"a" twice/);
  refused(() => read(withRun().replace('[a, b]', '[]')), 'CONFIG_INVALID', /at least one source/);
  const config = read(withRun());
  refused(() => findRun(config, 'rr'), 'UNKNOWN_RUN', /a run of tributary\.yaml, but got "rr"/);
  refused(() => findRun(config, 'constructor'), 'UNKNOWN_RUN');
  refused(() => findSource(config, '__proto__'), 'UNKNOWN_SOURCE');
  assert.equal(findRun(config, 'r'), config.runs.r);
  assert.equal(findSource(config, 'b').path, '/data/b');
});

test('missing keys are named', () => {
  refused(() => read('runs: {}'), 'CONFIG_INVALID', /sources, but got nothing/);
  refused(() => read('sources: {a: x}\nruns: {r: {recipe: eupe, sources: [a]}}'), 'CONFIG_INVALID', /global_batch/);
  refused(() => read('sources: {a: {layout: flat}}'), 'CONFIG_INVALID', /path of a folder for sources\.a\.path/);
});

test('misplaced and mistyped keys outside of runs are refused', () => {
  refused(() => read(`indx: x\n${withRun()}`), 'CONFIG_INVALID', /nearest name is index.*/);
  refused(() => read('sources: {a: x}\nr: {recipe: eupe}'), 'CONFIG_INVALID', /Move r under runs/);
  for (const value of ['false', 'blobs', '[]', '[1]'])
    refused(
      () => read(`sources: {a: {path: x, follow_links: ${value}}}`),
      'CONFIG_INVALID',
      /true, or a list of folders for sources\.a\.follow_links/,
    );
  refused(() => read('sources: {a: {path: x, layot: flat}}'), 'CONFIG_INVALID', /in sources\.a.*layout/);
  refused(() => read('sources: {a: x}\nlimits: {pixel: 1}'), 'CONFIG_INVALID', /nearest name is pixels/);
  refused(() => read('sources: {../a: x}'), 'CONFIG_INVALID', /starts with a letter or digit/);
  refused(() => read('sources: {}'), 'CONFIG_INVALID', /at least one name/);
  refused(() => read('runs: 1\nsources: {a: x}'), 'CONFIG_INVALID', /a mapping of names for runs, but got 1/);
});

test('an inline run takes its sources and limits from the config, and has no name', () => {
  const config = read(`limits: {bytes: 99}\n${withRun('seed: 3')}`);
  const text = JSON.stringify({ recipe: 'dinov3', sources: ['a', 'b'], global_batch: 8, seed: 3 });
  const run = parseInlineRun(text, config);
  assert.deepEqual(run, { ...config.runs.r, name: '' });
  refused(() => parseInlineRun(text.replace('"b"', '"/etc"'), config), 'UNKNOWN_SOURCE', /inline run/);
  const asked = JSON.stringify({ ...JSON.parse(text), follow_links: ['/'] });
  refused(() => parseInlineRun(asked, config), 'UNKNOWN_KNOB', /follow_links/);
  refused(() => parseInlineRun('recipe: [', config), 'CONFIG_UNREADABLE', /inline run, line 1/);
  refused(
    () => parseInlineRun('path: /etc\nrecipe: eupe\nsources: [a]\nglobal_batch: 1', config),
    'UNSUPPORTED_KNOB',
    /paths belong/,
  );
  refused(() => parseInlineRun('5', config), 'CONFIG_INVALID', /a mapping of knobs, but got 5/);
  refused(() => parseInlineRun(' '.repeat(bounds.inlineRun + 1), config), 'TOO_MUCH_ASKED');
});

test('a run that is a value is read as one that is text', () => {
  const config = read(withRun());
  assert.deepEqual(parseRun('r', { recipe: 'dinov3', sources: ['a', 'b'], global_batch: 8 }, config), config.runs.r);
  refused(() => parseRun('../r', { recipe: 'dinov3', sources: ['a'], global_batch: 8 }, config), 'CONFIG_INVALID');
});

test('any value in any place is either read or refused, and the refusal is short', () => {
  const base = { recipe: 'eupe', sources: ['a'], global_batch: 4 };
  const keys = ['recipe', 'sources', 'weights', 'scale', 'auto_augment', 'seed', 'wd_end', 'image_size', 'beta2'];
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.jsonValue(), (key, value) => {
      const text = JSON.stringify({ sources: { a: 'x' }, runs: { r: { ...base, [key]: value } } });
      try {
        parseConfig(text, { folder: '/', name: 'x' });
      } catch (error) {
        assert.ok(error instanceof TributaryError, `${error}`);
        assert.ok(error.message.length < 6000);
      }
    }),
    { numRuns: 300 },
  );
});
