import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { pathOf } from './project-files.js';

/** Why containers cannot be run here; false where they can. */
function obstacle(): string | false {
  const { error, status, stderr } = spawnSync('docker', ['compose', 'ls'], { encoding: 'utf8' });
  if (error !== undefined) return `docker is needed, with Compose: ${error.message}`;
  return status === 0 ? false : `docker compose does not answer: ${stderr.trim().split('\n')[0]}`;
}

test('the image and the sequence of Compose, as documented, on a real engine', { skip: obstacle() }, () => {
  const { status, stdout, stderr } = spawnSync(pathOf('scripts/containers.sh'), { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
});
