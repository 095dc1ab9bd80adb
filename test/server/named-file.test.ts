import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { issuesOf, textOf } from '../../src/server/named-file.js';

test('a file that cannot be read, and what is wrong in one, are one line each', async () => {
  await assert.rejects(textOf('/nowhere/tokens.yaml', 'Name another'), {
    reason: 'CONFIG_UNREADABLE',
    message: /to read \/nowhere\/tokens\.yaml.*ENOENT.*Name another/,
  });
  const { error } = z.object({ a: z.object({ b: z.number() }), c: z.string() }).safeParse({ a: { b: 'x' } });
  assert.match(issuesOf(error!), /^a\.b: [^;]+; c: [^;]+$/);
});
