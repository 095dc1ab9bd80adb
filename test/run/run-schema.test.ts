import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLimits } from '../../src/run/limits.js';
import { recipes } from '../../src/run/recipes.js';
import { readRun, runKeys } from '../../src/run/run-schema.js';

const read = (value: unknown) => readRun('r', value, ['a', 'b'], defaultLimits, ['runs', 'r']);
const least = { recipe: 'dinov3', sources: ['a'], global_batch: 8 };

test('a run is its own values on top of its recipe’s, and defaults', () => {
  const { data: run } = read({ ...least, hsv_s: 0.25, epochs: 7 });
  const recipe = recipes.find(({ name }) => name === 'dinov3')!;
  assert.deepEqual(run!.knobs, { ...recipe.knobs, hsv_s: 0.25 });
  assert.deepEqual(run!.training, { ...recipe.training, epochs: 7 });
  assert.deepEqual(
    [run!.sampling, run!.split, run!.seed, run!.image_size, run!.on_corrupt, run!.max_corrupt, run!.weights],
    ['exact', 'train', 0, 224, 'substitute', 0.1, null],
  );
  for (const key of Object.keys(least)) assert.ok(runKeys.includes(key), key);
});

test('val is evaluated unless it is told not to be, and sizes of evaluation are the image’s unless they are larger', () => {
  const of = (more: object) => {
    const { evaluate, labels, resize_size } = read({ ...least, ...more }).data!;
    return [evaluate, labels, resize_size];
  };
  assert.deepEqual(of({}), [false, 'joined', 224]);
  assert.deepEqual(of({ split: 'val', image_size: 96 }), [true, 'joined', 96]);
  assert.deepEqual(of({ split: 'val', evaluate: false, labels: 'own' }), [false, 'own', 224]);
  assert.deepEqual(of({ evaluate: true, resize_size: 256 }), [true, 'joined', 256]);
  for (const wrong of [{ resize_size: 223 }, { image_size: 256, resize_size: 255 }]) {
    const [problem] = read({ ...least, ...wrong }).problems;
    assert.deepEqual([problem!.reason, problem!.path], ['KNOB_OUT_OF_RANGE', ['runs', 'r', 'resize_size']]);
  }
});

test('every problem is told at once, each where it is', () => {
  const { data: run, problems } = read({
    ...least,
    recipe: 'dinov4',
    sources: ['a', 'c', 'a'],
    image_size: 8,
    solarise: 1,
    weights: { a: 1, d: 2 },
  });
  assert.equal(run, null);
  assert.deepEqual(problems.map(({ reason, path }) => `${path.join('.')} ${reason}`).toSorted(), [
    'runs.r.image_size KNOB_OUT_OF_RANGE',
    'runs.r.recipe UNKNOWN_RECIPE',
    'runs.r.solarise UNKNOWN_KNOB',
    'runs.r.sources.1 UNKNOWN_SOURCE',
    'runs.r.sources.2 CONFIG_INVALID',
    'runs.r.weights CONFIG_INVALID',
    'runs.r.weights.d CONFIG_INVALID',
  ]);
});

test('what is no mapping at all is refused, not thrown', () => {
  for (const value of [null, 'r', [least], 7]) assert.equal(read(value).data, null);
});
