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
    '__init__.py': /^__version__ = "(.+)"$/m.exec(text('python/src/tributary/__init__.py'))?.[1],
    'the base': /newTag: "(.+)"$/m.exec(text('deploy/kubernetes/base/kustomization.yaml'))?.[1],
    'the example': /newTag: "(.+)"$/m.exec(text('deploy/kubernetes/overlays/example/kustomization.yaml'))?.[1],
    'typescript.md': /tributary-loader-(.+)\.tgz/.exec(text('docs/typescript.md'))?.[1],
  };
  assert.match(text('python/pyproject.toml'), /^version = \{ attr = "tributary\.__version__" \}$/m);
  for (const [place, there] of Object.entries(found)) assert.equal(there, version, place);
});
