import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { version } from '../../src/run/version.js';

const text = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test('the version is the same wherever it stands', () => {
  const lock = JSON.parse(text('package-lock.json'));
  const found = {
    'package.json': JSON.parse(text('package.json')).version,
    'package-lock.json': lock.version,
    "package-lock.json's root": lock.packages[''].version,
    'pyproject.toml': /^version = "(.+)"$/m.exec(text('python/pyproject.toml'))?.[1],
    '__init__.py': /^__version__ = "(.+)"$/m.exec(text('python/src/tributary/__init__.py'))?.[1],
  };
  for (const [place, there] of Object.entries(found)) assert.equal(there, version, place);
});
