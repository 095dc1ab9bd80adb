import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKeys } from '../../src/run/run-schema.js';
import { elsewhere } from '../../src/run/upstream-names.js';

test('no name that upstream alone has is a key of a run, and each says what to do, without a full stop', () => {
  for (const [name, remedy] of Object.entries(elsewhere)) {
    assert.ok(!runKeys.includes(name), name);
    assert.match(remedy, /^(Remove it: |Use ).*[^.]$/);
  }
});
