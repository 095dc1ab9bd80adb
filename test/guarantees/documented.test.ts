import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const page = new URL('../../../docs/guarantees.md', import.meta.url);

test('every row of the guarantees names a test that exists', async () => {
  // What was fuzzed is a table of figures.
  const lines = (await readFile(page, 'utf8')).split('\n').filter((line) => !/^\| [a-z-]+ \| [\d,]+ \|/.test(line));
  const isHeading = (number: number): boolean => lines[number + 1]?.startsWith('|---') ?? false;
  const rows = lines.filter((line, number) => line.startsWith('| ') && !isHeading(number));
  assert.ok(rows.length >= 14);
  for (const row of rows) {
    const [, link, path, name] = /\| \[([^\]]+)\]\(\.\.\/(test\/[^)]+)\): `([^`]+)` \|$/.exec(row) ?? [];
    assert.ok(name !== undefined, `no test in: ${row}`);
    assert.equal(`test/${link}`, path);
    const file = new URL(`../${path}`, page);
    assert.ok(existsSync(file), path);
    const source = await readFile(file, 'utf8');
    assert.ok(source.includes(`test('${name}'`) || source.includes(`test("${name}"`), `${path} has no test '${name}'`);
  }
});
