import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinLabels, ownLabels } from '../../../src/sources/manifest/label-space.js';
import type { Manifest } from '../../../src/sources/manifest/manifest.js';

/** A source whose sample i is of its class i; the last one has no class. */
function source(...classNames: string[]): Manifest {
  const label = (index: number) => (index < classNames.length ? { index, name: classNames[index]! } : null);
  return { source: classNames.join(), classNames, label } as unknown as Manifest;
}

const labelsOf = (sources: readonly Manifest[], { of } = joinLabels(sources)) =>
  sources.map(({ classNames }, i) => classNames.map((_, index) => of(i, index)!.index));

test('classes of several sources are numbered by their names, and a name that they share is one class', () => {
  const sources = [source('Zebra', 'cat'), source('cat', 'dog'), source()];
  const space = joinLabels(sources);
  assert.deepEqual([space.classNames, space.isOwn], [['Zebra', 'cat', 'dog'], false]);
  assert.deepEqual(labelsOf(sources), [[0, 1], [1, 2], []]);
  assert.deepEqual(space.of(1, 1), { index: 2, name: 'dog' });
  for (const [i, { classNames }] of sources.entries()) assert.equal(space.of(i, classNames.length), null);
});

test('one labelled source, and several of the same classes, keep the labels of their manifests', () => {
  for (const sources of [
    [source('b', 'a')],
    [source(), source('b', 'a'), source()],
    [source('b', 'a'), source('b', 'a')],
  ]) {
    const space = joinLabels(sources);
    assert.deepEqual([space.classNames, space.isOwn], [['b', 'a'], true]);
  }
  assert.deepEqual(joinLabels([source(), source()]).classNames, []);
});

test('the order is that of the names by code point, as ImageFolder has it for all folders in one', () => {
  // UTF-16 would put the second, a surrogate pair, before the first.
  assert.deepEqual(joinLabels([source('\u{1f600}'), source('\uff5e')]).classNames, ['\uff5e', '\u{1f600}']);
  const names = fc.uniqueArray(fc.string({ minLength: 1, unit: 'grapheme' }), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(names, { minLength: 2, maxLength: 4 }), (lists) => {
      const sources = lists.map((list) => source(...list));
      const space = joinLabels(sources);
      assert.deepEqual(new Set(space.classNames), new Set(lists.flat()));
      assert.equal(new Set(space.classNames).size, space.classNames.length);
      for (const [i, list] of lists.entries())
        for (const [index, name] of list.entries())
          assert.deepEqual(space.of(i, index), { index: space.classNames.indexOf(name), name });
      if (!space.isOwn) assert.deepEqual(joinLabels(sources.toReversed()).classNames, space.classNames);
    }),
  );
});

test('lists that come first keep their labels, and what they do not have comes after them', () => {
  const first = [['b', 'd'], ['c']];
  const val = [source('b', 'd', 'e'), source('a', 'c')];
  const space = joinLabels(val, first);
  assert.deepEqual(space.classNames, ['b', 'c', 'd', 'a', 'e']);
  assert.deepEqual(labelsOf(val, space), [
    [0, 2, 4],
    [3, 1],
  ]);
  // A class that the other split lacks moves none of those after it.
  assert.deepEqual(labelsOf([source('b')], joinLabels([source('b')], [['a', 'b']])), [[1]]);
  assert.equal(joinLabels([source('a', 'b')], [['a', 'b']]).isOwn, true);
});

test('own labels are the manifests’, of one numbering only where the classes are the same', () => {
  const sources = [source('Zebra'), source('dog')];
  const space = ownLabels(sources);
  assert.deepEqual([space.classNames, space.isOwn, labelsOf(sources, space)], [[], true, [[0], [0]]]);
  assert.deepEqual(ownLabels([source(), source('dog')]).classNames, ['dog']);
});
