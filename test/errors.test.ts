import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { reasons, TributaryError } from '../src/errors.js';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const sections = [...page.matchAll(/^### (\S+)\n\n`([A-Z_]+)`\. (.+)$/gm)].map(([, reason, code, text]) => ({
  reason,
  code,
  text,
}));

test('docs/errors.md explains every reason under its name with its code, and no other', () => {
  const headings = [...page.matchAll(/^### (.*)$/gm)].map((match) => match[1]);
  assert.deepEqual(
    headings,
    sections.map(({ reason }) => reason),
    'every heading is followed by its code and a sentence',
  );
  assert.deepEqual(Object.fromEntries(sections.map(({ reason, code }) => [reason, code])), { ...reasons });
  assert.equal(headings.length, new Set(headings).size);
});

test('an error says what was expected, what came and what to do', () => {
  const cause = new Error('below');
  const error = new TributaryError('KNOB_OUT_OF_RANGE', {
    expected: 'a probability in [0, 1]',
    came: '1.5 for grayscale',
    remedy: 'Set grayscale to a value between 0 and 1',
    metadata: { key: 'grayscale' },
    cause,
  });
  assert.equal(
    error.message,
    'expected a probability in [0, 1], but got 1.5 for grayscale. Set grayscale to a value between 0 and 1.',
  );
  assert.deepEqual([error.code, error.metadata, error.cause], ['INVALID_ARGUMENT', { key: 'grayscale' }, cause]);
});
