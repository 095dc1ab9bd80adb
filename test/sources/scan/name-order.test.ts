import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareKeys, sortNames } from '../../../src/sources/scan/name-order.js';

test('names sort by code point, as Python sorts str', () => {
  const name = fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => !/[\0/]/.test(text));
  fc.assert(
    fc.property(fc.array(name), (names) => {
      const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(sortNames([...names]), byBytes);
    }),
  );
});

test('keys compare component by component', () => {
  const part = fc.constantFrom('a', 'a-', 'a.', 'b', 'ä', '😀', '\uff21');
  const path = fc.array(part, { minLength: 1, maxLength: 4 });
  const byParts = (a: string[], b: string[]): number => {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = Buffer.compare(Buffer.from(a[i]!), Buffer.from(b[i]!));
      if (order !== 0) return order;
    }
    return a.length - b.length;
  };
  fc.assert(
    fc.property(path, path, (a, b) => {
      const [x, y] = [Buffer.from(a.join('/')), Buffer.from(b.join('/'))];
      assert.equal(Math.sign(compareKeys(x, 0, x.length, y)), Math.sign(byParts(a, b)));
    }),
  );
});
