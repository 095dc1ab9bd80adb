import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { knobNames } from '../../src/run/knobs.js';
import { defaultLimits } from '../../src/run/limits.js';
import { recipes } from '../../src/run/recipes.js';
import { runKeys, trainingFields } from '../../src/run/run-schema.js';
import { layouts } from '../../src/sources/layouts/layouts.js';
import { read } from './fixture.js';

const page = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
const rows = (text: string) => [...text.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]!);

test('docs/configuration.md has a row for every key, and for nothing else', () => {
  const keys = [
    'sources',
    'runs',
    'index',
    'limits',
    'path',
    'layout',
    'follow_links',
    'exclude',
    'table',
    'where',
    'columns',
    ...Object.keys(defaultLimits),
    ...runKeys,
  ];
  assert.deepEqual(rows(page('configuration.md')).toSorted(), keys.toSorted());
  const named = [...knobNames, ...Object.keys(trainingFields)];
  assert.deepEqual(
    named.filter((name) => !runKeys.includes(name)),
    [],
  );
  for (const { name } of layouts) assert.ok(page('configuration.md').includes(`\`${name}\``), name);
});

test('docs/recipes.md has a row for every recipe with its numbers', () => {
  const text = page('recipes.md');
  assert.deepEqual(
    rows(text).filter((name) => recipes.some((recipe) => recipe.name === name)),
    recipes.map(({ name }) => name),
  );
  for (const { name, training: t } of recipes) {
    const cells = text
      .match(new RegExp(`^\\| \`${name}\` \\|(.*)\\|$`, 'm'))![1]!
      .split('|')
      .map((cell) => cell.trim());
    const numbers = cells.slice(0, 8).map((cell) => (cell === '' ? null : Number(cell)));
    const { lr0, weight_decay, wd_end, warmup_epochs, epochs, momentum, grad_clip, beta2 } = t;
    assert.deepEqual(numbers, [lr0, weight_decay, wd_end, warmup_epochs, epochs, momentum, grad_clip, beta2], name);
  }
});

test('every YAML example of the pages is a config', () => {
  for (const name of ['configuration.md', 'recipes.md', 'views.md', 'schedule.md']) {
    const examples = [...page(name).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)];
    assert.ok(examples.length > 0, name);
    for (const [, text] of examples) read(text!);
  }
});
