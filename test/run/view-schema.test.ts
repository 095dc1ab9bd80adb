import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { groupKey, groupKeys, settingsOf } from '../../src/run/view-schema.js';
import { read, refused, withRun } from './fixture.js';

const dino = (...lines: string[]) => read(withRun(...lines).replace('dinov3\n', 'dinov3_vitl\n')).runs.r!;

test('a run sets for all groups by a knob’s name and for one by the group’s before it, above the recipe', () => {
  const { views, image_size } = dino(
    'local_count: 3',
    'gaussian_blur: 0.3',
    'local_gaussian_blur: 0.4',
    'gram_size: 160',
    'global_size: 192',
  );
  assert.deepEqual(
    views.map(({ name, size, of, knobs }) => [name, size, of, knobs.map((own) => own.gaussian_blur)]),
    [
      ['global', 192, null, [0.3, 0.3]],
      ['gram', 160, 'global', [0.5, 0.5]],
      ['local', 96, null, [0.4, 0.4, 0.4]],
    ],
  );
  assert.equal(image_size, 192, 'evaluation has the side of the first group');
  assert.equal(groupKey('local', 'image_size'), 'local_size');
  assert.deepEqual(
    settingsOf({ name: 'gram', of: 'global', image_size: 1 }).map(([key]) => key),
    ['image_size', 'count'],
  );
});

test('what is wrong with groups is told where it is', () => {
  refused(() => dino('local_cont: 3'), 'UNKNOWN_KNOB', /nearest names are local_count/);
  refused(() => dino('global_gaussian_blur: [1, 0.1, 0.3]'), 'CONFIG_INVALID', /a list of 2.*global_gaussian_blur/);
  refused(() => dino('local_size: 8'), 'KNOB_OUT_OF_RANGE', /local_size/);
  refused(() => dino('erasing: 0.2'), 'CONFIG_INVALID', /views are not erased/);
  refused(() => dino('global_count: 0', 'local_count: 0'), 'CONFIG_INVALID', /at least one group/);
  refused(() => dino('local_count: 63'), 'CONFIG_INVALID', /at most 64 views/);
  refused(() => dino('gram_size: 96', 'gram_count: 3'), 'CONFIG_INVALID', /at most the 2 of global/);
  refused(() => dino('local_count: 3', 'views: [{name: a, image_size: 96}]'), 'CONFIG_INVALID', /local_count/);
  const listed = (groups: string) => read(withRun(`views: [${groups}]`));
  refused(() => listed('{name: a, image_size: 96, cunt: 2}'), 'UNKNOWN_KNOB', /nearest name is count/);
  refused(() => listed('{name: a, image_size: 96}, {name: a, image_size: 96}'), 'CONFIG_INVALID', /a name of its own/);
  refused(() => listed('{name: a2, image_size: 96}'), 'CONFIG_INVALID', /starts and ends with a letter/);
  refused(() => listed('{name: a, image_size: 96}, {name: b, of: c, image_size: 96}'), 'CONFIG_INVALID', /views.1.of/);
  refused(
    () => listed('{name: a, image_size: 96}, {name: b, of: a, image_size: 96, solarize: 1}'),
    'CONFIG_INVALID',
    /no solarize/,
  );
  refused(() => listed('{name: image, image_size: 96}, {name: b, image_size: 96}'), 'CONFIG_INVALID', /than image/);
});

test('docs/views.md has a row for every key of a group that is no knob', () => {
  const page = readFileSync(new URL('../../../docs/views.md', import.meta.url), 'utf8');
  for (const key of groupKeys.slice(0, 5)) assert.match(page, new RegExp(`^\\| \`${key}\` \\|`, 'm'), key);
});
