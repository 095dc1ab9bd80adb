import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** What an issuer signs tokens with. */
export interface Signer {
  /** The public key, as a JWKS file has it. */
  readonly key: JWK;
  readonly secret: JWK;
  /** A token with these claims, for Tributary and of an hour unless they say otherwise. */
  sign(claims: object): Promise<string>;
}

/** An issuer's pair of keys. */
export async function signer(kid: string, alg: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    key: { ...(await exportJWK(publicKey)), kid, alg },
    secret: { ...(await exportJWK(privateKey)), kid, alg },
    sign(claims) {
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: 'https://issuer.example', aud: 'tributary', exp: now + 3600 };
      return new SignJWT({ ...usual, ...claims } as JWTPayload).setProtectedHeader({ alg, kid }).sign(privateKey);
    },
  };
}
