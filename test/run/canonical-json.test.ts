import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from '../../src/run/canonical-json.js';

test('canonical JSON does not depend on the order of keys', () => {
  assert.equal(canonicalJson({ b: [{ d: 1, c: 2 }], a: null }), '{"a":null,"b":[{"c":2,"d":1}]}');
  assert.equal(canonicalJson({ B: 1, a: 2, Z: 3 }), '{"B":1,"Z":3,"a":2}');
});
