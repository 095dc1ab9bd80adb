import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tributary } from '../fleet.js';

test('the harness gets the flags by the names that people gave, and its end is the command’s', async () => {
  const unwritable = await tributary(['bench', '--out', '/etc/hostname/bench', '--start-samples', '0']);
  assert.equal(unwritable.code, 1);
  assert.match(unwritable.stderr, /ENOTDIR.*bench'/);
  const wrong = await tributary(['bench', '--images', '0']);
  assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
});
