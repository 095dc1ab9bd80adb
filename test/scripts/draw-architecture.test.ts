import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rooms, root } from '../../scripts/architecture.js';
import { architecture } from '../../scripts/draw-architecture.js';

test('the rooms are the folders of src, and its one file', () => {
  const entries = readdirSync(join(root, 'src')).map((name) => name.replace(/\.ts$/, ''));
  assert.deepEqual(rooms.map(({ name }) => name).sort(), entries.sort());
});

test('the picture shows the imports as they are', () => {
  const remedy = 'draw it again with node dist/scripts/draw-architecture.js';
  assert.equal(readFileSync(join(root, 'docs/architecture.svg'), 'utf8'), architecture(), remedy);
});
