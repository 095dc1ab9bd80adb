import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFingerprint } from '../../src/run/fingerprint.js';
import { defaultLimits } from '../../src/run/limits.js';
import { sizesOfSteps } from '../../src/run/resolutions.js';
import type { Run } from '../../src/run/run.js';
import { diffRuns } from '../../src/run/run-difference.js';
import { readRun } from '../../src/run/run-schema.js';
import { isOneView, possibleViews, viewsOf } from '../../src/run/views.js';

const read = (more: object) =>
  readRun('r', { sources: ['a'], global_batch: 4, ...more }, ['a'], defaultLimits, ['runs', 'r']);
const resolved = (more: object): Run => {
  const { data, problems } = read(more);
  assert.deepEqual(problems, []);
  return data!;
};
const fingerprint = (run: Run) => runFingerprint(run, [{ name: 'a', fingerprint: 'f' }]);
const sizes = (run: Run) =>
  possibleViews(run).map((views) => views.map(({ name, size }) => `${name} ${size}`).join(' '));

test('a run of one view lists sizes, and evaluates at its own or the first', () => {
  const run = resolved({ recipe: 'dinov3', resolutions: [{ image_size: 128 }, { image_size: 160, weight: 3 }] });
  assert.deepEqual(sizes(run), ['image 128', 'image 160']);
  assert.deepEqual(
    run.resolutions.map(({ weight }) => weight),
    [1, 3],
  );
  assert.deepEqual([isOneView(viewsOf(run)), run.image_size, run.views.length], [true, 128, 0]);
  assert.deepEqual(run.resolutions[1]!.views[0]!.knobs, [run.knobs]);
  const evaluation = { ...run, evaluate: true };
  assert.deepEqual([sizes(evaluation), sizesOfSteps(evaluation)], [['image 128'], []]);
  assert.equal(resolved({ recipe: 'dinov3', image_size: 96, resolutions: [{ image_size: 128 }, {}] }).image_size, 96);
});

test('a resolution sets sizes of the groups of a recipe or of a list, and what it does not set stays', () => {
  const recipe = resolved({
    recipe: 'dinov3_gram',
    local_size: 96,
    global_scale: [0.2, 1],
    resolutions: [
      { global_size: 512, gram_size: 768 },
      { global_size: 768, local_size: 168, gram_size: 1152 },
    ],
  });
  assert.deepEqual(sizes(recipe), ['global 512 gram 768 local 96', 'global 768 gram 1152 local 168']);
  assert.deepEqual([recipe.views, recipe.image_size], [recipe.resolutions[0]!.views, 512]);
  for (const { views } of recipe.resolutions) assert.deepEqual(views[0]!.knobs[1]!.scale, [0.2, 1]);
  const views = [
    { name: 'big', count: 2, image_size: 224, solarize: [0, 1] },
    { name: 'small', image_size: 96 },
  ];
  const list = resolved({ recipe: 'dinov3', grayscale: 1, views, resolutions: [{ big_size: 64 }, { small_size: 48 }] });
  assert.deepEqual(sizes(list), ['big 64 small 96', 'big 224 small 48']);
  assert.deepEqual([list.resolutions[1]!.views[0]!.knobs[1]!.solarize, list.views[1]!.knobs[0]!.grayscale], [1, 1]);
});

test('mistakes are told by the key', () => {
  const told = (more: object) => read(more).problems.map(({ path, reason }) => `${path.join('.')} ${reason}`);
  const at = 'runs.r.resolutions';
  assert.deepEqual(told({ recipe: 'dinov3', resolutions: [] }), [`${at} CONFIG_INVALID`]);
  assert.deepEqual(told({ recipe: 'dinov3', resolutions: [{ global_size: 9 }] }), [`${at}.0.global_size UNKNOWN_KNOB`]);
  const views = [{ name: 'big', image_size: 64 }];
  assert.deepEqual(told({ recipe: 'dinov2', views, resolutions: [{ global_size: 9 }] }), [
    `${at}.0.global_size UNKNOWN_KNOB`,
  ]);
  assert.deepEqual(told({ recipe: 'dinov2', resolutions: [{ weight: 0 }, { local_size: 5000 }] }), [
    `${at}.0.weight KNOB_OUT_OF_RANGE`,
    `${at}.1.local_size KNOB_OUT_OF_RANGE`,
  ]);
  assert.deepEqual(told({ recipe: 'dinov2', resolutions: [{ gram_size: 300 }, {}] }), [`${at}.1 CONFIG_INVALID`]);
  const masked = { recipe: 'dinov2', global_masks: { patch: 40 }, resolutions: [{}, { global_size: 64 }] };
  assert.deepEqual(told(masked), ['runs.r.global_masks CONFIG_INVALID']);
});

test('sizes and weights decide a fingerprint, where they are used', () => {
  const one = { recipe: 'dinov3', image_size: 128 };
  const listed = (more: object[]) => resolved({ ...one, resolutions: more });
  const run = listed([{ image_size: 96 }, { image_size: 128 }]);
  const others = [
    resolved(one),
    listed([{ image_size: 96 }]),
    listed([{ image_size: 96 }, { image_size: 112 }]),
    listed([{ image_size: 128 }, { image_size: 96 }]),
    listed([{ image_size: 96, weight: 2 }, { image_size: 128 }]),
  ];
  assert.equal(new Set([run, ...others].map(fingerprint)).size, 6);
  assert.equal(fingerprint({ ...run, evaluate: true }), fingerprint({ ...resolved(one), evaluate: true }));
  assert.deepEqual(
    diffRuns(run, others[2]!).map(({ name, decidesBytes }) => [name, decidesBytes]),
    [['resolutions', true]],
  );
  assert.deepEqual(diffRuns(resolved(one), resolved(one)), []);
});
