import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, refused } from './fixture.js';

test('text that is no YAML is refused in one line with its place', () => {
  const typo = refused(
    () => read('sources:\n  a: [x\nruns: {}\n'),
    'CONFIG_UNREADABLE',
    /tributary\.yaml, line 3, column 1/,
  );
  assert.ok(!typo.message.includes('\n'));
  refused(() => read('a: 1\na: 2'), 'CONFIG_UNREADABLE', /line 2, column 1.*unique/);
  refused(() => read('a: !python/object x'), 'CONFIG_UNREADABLE', /tag/);
  refused(() => read(''), 'CONFIG_INVALID', /an empty text/);
});

test('nesting and aliases that multiply are refused and do not take the process down', () => {
  refused(() => read('['.repeat(60_000)), 'CONFIG_UNREADABLE');
  const levels = Array.from({ length: 9 }, (_, i) => `k${i}: &l${i} [${Array(10).fill(i ? `*l${i - 1}` : '1')}]`);
  refused(() => read(levels.join('\n')), 'CONFIG_UNREADABLE', /[Aa]lias/);
});
