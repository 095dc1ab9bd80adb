import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOf, isNothing } from '../../../../src/sources/storage/local/faults.js';
import { StorageFault } from '../../../../src/sources/storage/storage.js';

const error = (code: string) => Object.assign(new Error(`${code}: it failed`), { code });

test('an error is the file’s own or will pass, and a mistake in the code is neither', () => {
  const mayPass = (code: string) => (faultOf('/x', error(code)) as StorageFault).mayPass;
  for (const code of ['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ELOOP']) assert.equal(mayPass(code), false, code);
  for (const code of ['EIO', 'ESTALE', 'EMFILE', 'ENEW']) assert.equal(mayPass(code), true, code);
  const fault = new StorageFault('/x', 'NOT_A_FILE', false, 'a folder');
  assert.equal(faultOf('/y', fault), fault);
  const mistake = new TypeError('undefined');
  assert.equal(faultOf('/x', mistake), mistake);
  assert.deepEqual(
    ['ENOENT', 'ENOTDIR', 'EACCES'].map((code) => isNothing(error(code))),
    [true, true, false],
  );
});
