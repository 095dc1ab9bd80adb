import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { hubToken } from '../../../../src/sources/storage/hub/hub-token.js';
import { temporaryFolder } from '../../tree.js';

test('the token is that of the environment, or of the file that the hub’s own tools write', async (context) => {
  const home = await temporaryFolder(context);
  assert.equal(await hubToken({ HF_HOME: home }), null);
  await writeFile(join(home, 'token'), 'from-file\n');
  assert.equal(await hubToken({ HF_HOME: home }), 'from-file');
  assert.equal(await hubToken({ HF_HOME: home, HF_TOKEN: 'from-variable' }), 'from-variable');
});
