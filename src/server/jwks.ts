import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { TributaryError } from '../errors.js';
import { issuesOf, textOf } from './named-file.js';

/** How JSON Web Tokens are believed. */
export interface JwtOptions {
  /** The JSON file of the keys that sign them (RFC 7517). */
  readonly jwks: string | undefined;
  /** Whom `iss` and `aud` must name. */
  readonly jwtIssuer: string | undefined;
  readonly jwtAudience: string | undefined;
  /** Seconds by which clocks may be off. */
  readonly jwtTolerance: number | undefined;
}

/** Signatures of pairs of keys alone: who can check a token must not be able to make one. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

const publicKey = z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']), d: z.never().optional() });
const file = z.looseObject({ keys: z.array(publicKey).min(1) });

/** The keys of `--jwks`, and what tokens that they sign must say beside. `read` takes the file as it is then: so keys are changed. */
export class Jwks {
  readonly #path: string;
  readonly #checks: Parameters<typeof jwtVerify>[2];
  #keys: JWTVerifyGetKey;

  private constructor(path: string, checks: Parameters<typeof jwtVerify>[2], keys: JWTVerifyGetKey) {
    this.#path = path;
    this.#checks = checks;
    this.#keys = keys;
  }

  /**
   * @returns null where no file is named.
   * @throws TributaryError ARGUMENT_INVALID without issuer and audience, CONFIG_UNREADABLE or CONFIG_INVALID where the file is none of public keys.
   */
  static async open({ jwks, jwtIssuer, jwtAudience, jwtTolerance = 30 }: Partial<JwtOptions>): Promise<Jwks | null> {
    if (jwks === undefined) return null;
    if (jwtIssuer === undefined || jwtAudience === undefined)
      throw new TributaryError('ARGUMENT_INVALID', {
        expected: '--jwt-issuer and --jwt-audience with --jwks',
        came: `no ${jwtIssuer === undefined ? '--jwt-issuer' : '--jwt-audience'}`,
        remedy: 'Give both: the keys of an issuer sign tokens for others as well',
      });
    const checks = {
      algorithms,
      issuer: jwtIssuer,
      audience: jwtAudience,
      clockTolerance: jwtTolerance,
      requiredClaims: ['exp', 'sub'],
    };
    return new Jwks(jwks, checks, await keysIn(jwks));
  }

  async read(): Promise<void> {
    this.#keys = await keysIn(this.#path);
  }

  /** What a token says; null where it is not to be believed. */
  async claimsOf(token: string): Promise<unknown> {
    try {
      return (await jwtVerify(token, this.#keys, this.#checks)).payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }
}

async function keysIn(path: string): Promise<JWTVerifyGetKey> {
  const remedy = 'Name a JSON file with the public keys of the issuer, as its jwks_uri has it';
  const text = await textOf(path, remedy);
  const expected = `public keys of RSA, EC or OKP in ${path}`;
  try {
    return createLocalJWKSet(file.parse(JSON.parse(text)) as unknown as JSONWebKeySet);
  } catch (error) {
    const came = error instanceof z.ZodError ? issuesOf(error) : (error as Error).message;
    throw new TributaryError('CONFIG_INVALID', { expected, came, remedy, cause: error });
  }
}
