import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PemFiles } from '../../src/contract/pem-files.js';
import { makeAuthority, makeCertificate } from '../certificates.js';
import { temporaryFolder } from '../fleet.js';

const seconds = 0.02;

/** Two certificates of one authority, and a set of paths at which the first of them lies. */
async function renewable(t: TestContext) {
  const folder = await temporaryFolder(t);
  makeAuthority(folder, 'authority');
  for (const name of ['first', 'second']) makeCertificate(folder, name, 'authority');
  const put = (name: string, suffix: string) =>
    copyFile(join(folder, `${name}.${suffix}`), join(folder, `tls.${suffix}`));
  await put('first', 'pem');
  await put('first', 'key');
  const [authority, certificate, key] = ['authority.pem', 'tls.pem', 'tls.key'].map((name) => join(folder, name));
  return { paths: { authority, certificate, key }, put, folder };
}

test('certificates are told when asked for, and again when their files have changed, but never half a renewal', async (t) => {
  const { paths, put } = await renewable(t);
  const files = await PemFiles.open(paths, seconds);
  const told: string[] = [];
  let wake = (): void => {};
  const first = new Promise<void>((resolve) => {
    wake = resolve;
  });
  files.listen(t, ({ certificate }) => {
    told.push(String(certificate));
    wake();
  });
  // What reads the files again keeps no process from its end.
  const alive = setInterval(() => {}, 1_000);
  t.after(() => {
    clearInterval(alive);
    files.forget(t);
  });
  await first;
  assert.equal(told.length, 1);
  await put('second', 'pem');
  await new Promise((resolve) => setTimeout(resolve, 10 * seconds * 1000));
  assert.equal(told.length, 1, 'a certificate without its key was handed on');
  const renewed = new Promise<void>((resolve) => {
    wake = resolve;
  });
  await put('second', 'key');
  await renewed;
  assert.equal(told.length, 2);
  assert.notEqual(told[0], told[1]);
});

test('files that cannot be read or do not fit together are refused by name', async (t) => {
  const { paths, put, folder } = await renewable(t);
  const none = join(folder, 'none.pem');
  await assert.rejects(PemFiles.open({ ...paths, authority: none }), /to read .*none\.pem, but got ENOENT/);
  await put('second', 'pem');
  await assert.rejects(
    PemFiles.open(paths),
    /PEM files that belong together in .*tls\.key, but got .*key values mismatch/,
  );
  await writeFile(none, 'no certificate');
  await assert.rejects(PemFiles.open({ certificate: none, key: paths.key }), /PEM files that belong together/);
});
