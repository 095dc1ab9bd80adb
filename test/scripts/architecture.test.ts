import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { roomImports, rooms, root } from '../../scripts/architecture.js';
import { architecture } from '../../scripts/draw-architecture.js';

const order = rooms.map(({ name }) => name);

test('the rooms are the folders of src, and its one file', () => {
  const entries = readdirSync(join(root, 'src')).map((name) => name.replace(/\.ts$/, ''));
  assert.deepEqual([...order].sort(), entries.sort());
});

test('each room imports only those before it', () => {
  const backwards = [...roomImports()].flatMap(([from, imported]) =>
    [...imported].filter((to) => order.indexOf(to) >= order.indexOf(from)).map((to) => `${from} imports ${to}`),
  );
  assert.deepEqual(backwards, []);
});

test('the picture shows the imports as they are', () => {
  const remedy = 'draw it again with node dist/scripts/draw-architecture.js';
  assert.equal(readFileSync(join(root, 'docs/architecture.svg'), 'utf8'), architecture(), remedy);
});
