import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, refused, withRun } from './fixture.js';

test('all problems come in one error, a line each, in the order of the file', () => {
  const text = `${withRun('grayscale: 2', 'solarise: 1')}limits: {bytes: 0}\n`;
  const error = refused(() => read(text), 'CONFIG_INVALID', /3 problems/);
  assert.deepEqual(error.message.match(/line \d+/g), ['line 9', 'line 10', 'line 11']);
  const many = refused(() => read(withRun(...Array.from({ length: 500 }, (_, i) => `k${i}: 1`))), 'UNKNOWN_KNOB');
  assert.match(many.message, /500 problems[\s\S]*and 480 more/);
  assert.ok(many.message.length < 4096);
});
