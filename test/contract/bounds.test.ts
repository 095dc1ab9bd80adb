import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkBound } from '../../src/contract/bounds.js';

test('what is within a bound is taken, and what is beyond is refused with both', () => {
  checkBound(5, 5, 'slots', 'Ask for fewer');
  assert.throws(() => checkBound(6, 5, 'slots', 'Ask for fewer'), {
    reason: 'TOO_MUCH_ASKED',
    message: 'expected at most 5 slots, but got 6. Ask for fewer.',
    metadata: { asked: '6', bound: '5' },
  });
});
