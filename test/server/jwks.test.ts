import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { TributaryError } from '../../src/errors.js';
import { Jwks } from '../../src/server/jwks.js';
import { temporaryFolder } from '../fleet.js';
import { signer } from './signer.js';

const checks = { jwtIssuer: 'https://issuer.example', jwtAudience: 'tributary' };
const reason = (name: string) => (error: unknown) => error instanceof TributaryError && error.reason === name;
const coded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

test('a token is believed that a key of the file has signed, for this server, and whose time it is', async (t) => {
  const file = join(await temporaryFolder(t), 'jwks.json');
  const now = Math.floor(Date.now() / 1000);
  for (const alg of ['RS256', 'PS384', 'ES256', 'ES512', 'EdDSA']) {
    const [ours, theirs] = await Promise.all([signer('ours', alg), signer('ours', alg)]);
    await writeFile(file, JSON.stringify({ keys: [ours.key] }));
    const jwks = (await Jwks.open({ jwks: file, ...checks }))!;
    const claims = { sub: 'carol', exp: now + 60 };
    const token = await ours.sign(claims);
    assert.deepEqual(await jwks.claimsOf(token), { iss: checks.jwtIssuer, aud: checks.jwtAudience, ...claims }, alg);
    // Clocks may be off by half a minute.
    assert.notEqual(await jwks.claimsOf(await ours.sign({ sub: 'x', exp: now - 20, nbf: now + 20 })), null);
    const [head, body, signature] = token.split('.');
    const others = [
      await theirs.sign(claims),
      `${head}.${coded({ ...claims, sub: 'root' })}.${signature}`,
      `${head}.${body}.`,
      `${coded({ alg: 'none' })}.${body}.`,
      hmac(JSON.stringify(ours.key), claims),
      ...['', 'a.b.c', '..', token.slice(0, -2), `${token}.x`],
      await ours.sign({ ...claims, exp: now - 40 }),
      await ours.sign({ ...claims, nbf: now + 40 }),
      await ours.sign({ ...claims, iss: 'https://other.example' }),
      await ours.sign({ ...claims, aud: ['other'] }),
      await ours.sign({ ...claims, exp: undefined }),
      await ours.sign({ ...claims, sub: undefined }),
    ];
    for (const other of others) assert.equal(await jwks.claimsOf(other), null, `${alg} ${other}`);
  }
});

/** A token by a secret that everybody knows: the public key. */
function hmac(secret: string, claims: object): string {
  const text = `${coded({ alg: 'HS256', kid: 'ours' })}.${coded({ iss: checks.jwtIssuer, aud: 'tributary', ...claims })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

test('a file of other than public keys is refused, and so are keys of whoever issues for anyone', async (t) => {
  const file = join(await temporaryFolder(t), 'jwks.json');
  const { key, secret } = await signer('ours', 'ES256');
  assert.equal(await Jwks.open({ jwtIssuer: 'x' }), null);
  await assert.rejects(Jwks.open({ jwks: file, ...checks }), reason('CONFIG_UNREADABLE'));
  for (const text of [
    '',
    '{}',
    '{"keys":[]}',
    JSON.stringify({ keys: [secret] }),
    '{"keys":[{"kty":"oct","k":"eA"}]}',
  ]) {
    await writeFile(file, text);
    await assert.rejects(Jwks.open({ jwks: file, ...checks }), reason('CONFIG_INVALID'), text);
  }
  await writeFile(file, JSON.stringify({ keys: [key] }));
  for (const missing of [{ jwtIssuer: 'x' }, { jwtAudience: 'x' }])
    await assert.rejects(Jwks.open({ jwks: file, ...missing }), reason('ARGUMENT_INVALID'));
});
