import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recipes } from '../../src/run/recipes.js';
import { resolveViews, viewsOf } from '../../src/run/views.js';
import { drawingOf, drawSample } from '../../src/sample/draw-sample.js';
import { drawTrain } from '../../src/sample/draw-train.js';
import { read, withRun } from '../run/fixture.js';

const image = { width: 500, height: 375 };
const of = (recipe: string, ...lines: string[]) => read(withRun(...lines).replace('dinov3\n', `${recipe}\n`)).runs.r!;

test('one view is drawn as ever, and an evaluation draws nothing', () => {
  const run = of('dinov3');
  const draw = drawSample(7, image, drawingOf(run, viewsOf(run)));
  assert.deepEqual(draw, { shared: [], views: [drawTrain(7, image, 224, run.knobs)] });
  const evaluated = { ...of('dinov3_vitl'), evaluate: true };
  const { shared, views } = drawSample(7, image, drawingOf(evaluated, viewsOf(evaluated)));
  assert.deepEqual([shared, views.length, views[0]!.steps], [[], 1, []]);
});

test('the first view is that of the seed, a group of another’s crops draws nothing and is resized before its colours change', () => {
  const run = of('dinov3_gram', 'gram_size: 384', 'global_size: 192');
  const { views } = drawSample(7, image, drawingOf(run, viewsOf(run)));
  assert.equal(views.length, 12);
  const plain = of('dinov3_gram', 'gram_size: null', 'global_size: 384');
  const without = drawSample(7, image, drawingOf(plain, viewsOf(plain)));
  assert.deepEqual(
    views.map(({ geometry }) => geometry),
    [0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((view) => without.views[view]!.geometry),
  );
  assert.deepEqual(views[0]!.steps[0], { op: 'resize', size: 192, interpolation: 'BICUBIC' });
  assert.deepEqual(views[0]!.steps.slice(1), without.views[0]!.steps);
  assert.deepEqual(views[2]!.steps, []);
});

test('shared colours are drawn first and once; groups in their order, as far as they draw', () => {
  const { knobs } = recipes.find(({ name }) => name === 'dinov3_vitl')!;
  const views = resolveViews([{ name: 'a', count: 2, image_size: 64 }], {
    ...knobs,
    color_jitter: 1,
    gaussian_blur: 0,
  });
  const drawing = { evaluate: false, resize_size: 64, share_color_jitter: true, views };
  const { shared, views: drawn } = drawSample(3, image, drawing);
  assert.deepEqual(
    shared
      .map(({ op }) => op)
      .filter((op) => op !== 'grayscale')
      .toSorted(),
    ['brightness', 'contrast', 'hue', 'saturation'],
  );
  assert.deepEqual(
    drawn.map(({ steps }) => steps),
    [[], []],
  );
  const apart = drawSample(3, image, { ...drawing, share_color_jitter: false });
  assert.notDeepEqual(apart.views[0]!.geometry, drawn[0]!.geometry);
});
