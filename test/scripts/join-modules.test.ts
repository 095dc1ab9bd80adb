import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const built = fileURLToPath(new URL('../../src', import.meta.url));

test('what a module asks for beside itself is there for the joined modules too', () => {
  const here = pathToFileURL(join(built, 'start/any.js'));
  let begun = 0;
  for (const path of readdirSync(built, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.js') || path.startsWith('start')) continue;
    for (const [, asked] of readFileSync(join(built, path), 'utf8').matchAll(
      /new URL\('([^']+)', import\.meta\.url\)/g,
    )) {
      const file = new URL(asked!, here);
      assert.ok(existsSync(file), `${path} asks for ${asked}, which is not at ${file}: see scripts/join-modules.ts`);
      // A thread's or a process' file is one of the joined; any other is the same file for both.
      if (asked!.startsWith('./')) begun++;
      else assert.equal(file.href, new URL(asked!, pathToFileURL(join(built, path))).href, path);
    }
  }
  assert.ok(begun >= 6);
});

test('the joined modules come with the licences of the packages in them, and without those that are to stay apart', () => {
  const licences = readFileSync(join(built, 'start/LICENCES.txt'), 'utf8');
  for (const name of ['zod', '@grpc/grpc-js', 'protobufjs', 'pino'])
    assert.match(licences, new RegExp(`^${name} [0-9.]+ \\(`, 'm'));
  assert.doesNotMatch(licences, /^(sharp|webgpu|gpu\.js|piscina|@aws-sdk\/client-s3) [0-9]/m);
});
