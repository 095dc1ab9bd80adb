import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Way, WayCosts } from '../../src/augment/way-costs.js';

const all: readonly Way[] = ['crops', 'images', 'threads'];

/** Ways of `count` tasks of four samples, each costing what `seconds` says. */
function made(costs: WayCosts, count: number, seconds: Readonly<Record<Way, number>>): Way[] {
  return Array.from({ length: count }, () => {
    const way = costs.choose('whole', all);
    for (let i = 0; i < 4; i++) costs.learn('whole', way, seconds[way]);
    return way;
  });
}

const mostOf = (chosen: readonly Way[]) =>
  all.toSorted((a, b) => chosen.filter((way) => way === b).length - chosen.filter((way) => way === a).length)[0];

test('every way is tried, then the cheapest is taken, others now and then, and what has become dearer is left', () => {
  const costs = new WayCosts();
  const first = made(costs, 40, { crops: 3, images: 1, threads: 2 });
  assert.deepEqual(new Set(first), new Set(all));
  const known = made(costs, 300, { crops: 3, images: 1, threads: 2 });
  assert.ok(known.filter((way) => way === 'images').length > 280 && new Set(known).size === 3, known.join());
  assert.equal(costs.verdict, 'whole images');
  assert.deepEqual(costs.found(), {
    whole: 'images',
    'whole crops': 3000,
    'whole images': 1000,
    'whole threads': 2000,
  });
  made(costs, 1000, { crops: 3, images: 4, threads: 2 });
  assert.equal(mostOf(made(costs, 100, { crops: 3, images: 4, threads: 2 })), 'threads');
});

test('ways that cost almost the same do not alternate', () => {
  const costs = new WayCosts();
  made(costs, 50, { crops: 1, images: 1.01, threads: 1.02 });
  const verdicts = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const way = costs.choose('whole', all);
    costs.learn('whole', way, i % 2 === 0 ? 0.99 : 1.02);
    verdicts.add(costs.verdict);
  }
  assert.deepEqual([...verdicts], ['whole crops']);
});

test('the share of an extent is that of the samples seen, and 1 before', () => {
  const costs = new WayCosts();
  assert.equal(costs.shareOf('suffix'), 1);
  for (let i = 0; i < 600; i++) costs.see(i % 3 === 0 ? 'suffix' : 'nothing');
  assert.ok(Math.abs(costs.shareOf('suffix') - 1 / 3) < 0.02);
  assert.equal(costs.shareOf('whole'), 0);
});
