import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recipes } from '../../src/run/recipes.js';
import { countOf, isList, isOneView, resolveViews, viewNames, viewsOf } from '../../src/run/views.js';

const { knobs } = recipes[0]!;

test('groups have the knobs below them but for what they set, one for each view where it is a list', () => {
  const settings = [
    { name: 'big', count: 2, image_size: 224, solarize: [0, 1], scale: [0.3, 1] },
    { name: 'gram', of: 'big', image_size: 300 },
    { name: 'none', count: 0, image_size: 9 },
    { name: 'unsized', image_size: null },
    { name: 'small', count: 3, image_size: 96 },
  ] as const;
  const views = resolveViews(settings, knobs);
  assert.deepEqual(viewNames(views), ['big1', 'big2', 'gram1', 'gram2', 'small1', 'small2', 'small3']);
  const [big, gram, small] = views;
  assert.deepEqual(
    big!.knobs,
    [0, 1].map((solarize) => ({ ...knobs, scale: [0.3, 1], solarize })),
  );
  assert.deepEqual([gram!.of, gram!.size, countOf(settings[1], settings)], ['big', 300, 2]);
  assert.equal(small!.knobs[2], small!.knobs[0], 'views that are alike share their knobs');
  assert.deepEqual([isList('solarize', [0, 1]), isList('scale', [0, 1]), isList('solarize', 0)], [true, false, false]);
});

test('a run without groups, and one that evaluates, has one view', () => {
  const views = resolveViews([{ name: 'global', count: 2, image_size: 64 }], knobs);
  const run = { views, resolutions: [], evaluate: false, image_size: 32, knobs };
  assert.equal(viewsOf(run), views);
  assert.equal(isOneView(views), false);
  for (const one of [
    { ...run, views: [] },
    { ...run, evaluate: true },
  ]) {
    assert.deepEqual(viewsOf(one), [{ name: 'image', size: 32, of: null, knobs: [knobs] }]);
    assert.equal(isOneView(viewsOf(one)), true);
  }
});
