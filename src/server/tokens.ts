import { createHash, timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import { z } from 'zod';
import { TributaryError } from '../errors.js';
import { parseYaml } from '../run/yaml-text.js';
import { certifiedName, clientName, type Peered } from './client-name.js';
import { Jwks, type JwtOptions } from './jwks.js';
import { issuesOf, textOf } from './named-file.js';
import { Rates } from './rates.js';

/** Who makes a call, and what it may ask for. */
export interface Identity {
  /** Whom it counts for. */
  readonly client: string;
  /** The runs of the config that it may ask for; null for all. */
  readonly runs: readonly string[] | null;
  /** Whether it may carry runs of its own, where the server takes any. */
  readonly inlineRuns: boolean;
}

/** A call with what it says of its maker. */
export interface Called extends Peered {
  readonly metadata: { get(name: string): readonly (string | Buffer)[] };
}

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in 64 hexadecimal digits');
const name = z.string().regex(/^[\w.-]{1,64}$/, 'expected 1 to 64 letters, digits, dots, dashes and underscores');
/** What a client may ask for: in the file of clients, and in the claims of a JSON Web Token. */
const allowance = {
  runs: z.array(z.string()).optional(),
  inline_runs: z.boolean().default(true),
  calls_per_second: z.number().positive().optional(),
};
const entry = z.strictObject({ tokens: z.array(hash).default([]), ...allowance });
const file = z.strictObject({ clients: z.record(name, entry) });
const claims = z.object({ sub: name, ...allowance });
type Clients = z.infer<typeof file>['clients'];
type Allowance = Omit<z.infer<typeof entry>, 'tokens'>;

/** Where it is said who may call. */
export interface TokenOptions extends Partial<JwtOptions> {
  /** The file of the clients, with the hashes of their tokens. */
  readonly tokens?: string | undefined;
}

/** Milliseconds between two readings of the file. */
const readEvery = 10_000;
/** Calls at once beyond those of a rate: a client opens its lanes together. */
const burst = 32;

/**
 * The clients that may call: those of the file of `--tokens`, of each the hashes of its tokens and what it may ask for, and those whose
 * JSON Web Tokens are signed by a key of `--jwks`, which say it themselves. Tokens themselves are nowhere on the server. Both files
 * are read again while this is open; what cannot be read then is passed over.
 */
export class Tokens {
  readonly #path: string | undefined;
  readonly #jwks: Jwks | null;
  #clients: Clients;
  readonly #rates = new Rates();
  readonly #timer: NodeJS.Timeout;

  private constructor(path: string | undefined, clients: Clients, jwks: Jwks | null, onTrouble: (e: Error) => void) {
    this.#path = path;
    this.#clients = clients;
    this.#jwks = jwks;
    this.#timer = setInterval(() => void this.read().catch(onTrouble), readEvery).unref();
  }

  /** @throws TributaryError CONFIG_UNREADABLE or CONFIG_INVALID where a file is not one of clients, or of keys. */
  static async open({ tokens, ...jwt }: TokenOptions, onTrouble: (error: Error) => void = () => {}): Promise<Tokens> {
    const clients = tokens === undefined ? {} : await clientsIn(tokens);
    return new Tokens(tokens, clients, await Jwks.open(jwt), onTrouble);
  }

  /** Takes the files as they are now. */
  async read(): Promise<void> {
    await this.#jwks?.read();
    if (this.#path !== undefined) this.#clients = await clientsIn(this.#path);
  }

  /**
   * Who makes a call: whose token it brings, or else whose name its certificate has.
   *
   * @throws TributaryError NOT_AUTHENTICATED where that is nobody who may call, REPLICA_BUSY where it calls more often than it may.
   */
  async identify(call: Called): Promise<Identity> {
    const [sent] = call.metadata.get('authorization');
    const found = sent === undefined ? this.#named(certifiedName(call)) : await this.#sender(String(sent));
    if (found === null) throw notAuthenticated(sent !== undefined, clientName(call));
    const [client, { runs = null, inline_runs: inlineRuns, calls_per_second: rate = null }] = found;
    this.#spend(client, rate);
    return { client: `name ${client}`, runs, inlineRuns };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #named(client: string | null): [string, Allowance] | null {
    return client !== null && Object.hasOwn(this.#clients, client) ? [client, this.#clients[client]!] : null;
  }

  async #sender(authorization: string): Promise<[string, Allowance] | null> {
    const [, token] = /^Bearer (\S{1,4096})$/i.exec(authorization) ?? [];
    if (token === undefined) return null;
    const owner = this.#owner(token);
    if (owner !== null || this.#jwks === null) return this.#named(owner);
    const said = claims.safeParse(await this.#jwks.claimsOf(token));
    return said.success ? [said.data.sub, said.data] : null;
  }

  /** Whose token it is. All hashes are compared, each in one time, so that none tells how much of it was right. */
  #owner(token: string): string | null {
    const own = createHash('sha256').update(token).digest();
    let owner: string | null = null;
    for (const [name, { tokens }] of Object.entries(this.#clients))
      for (const one of tokens) if (timingSafeEqual(Buffer.from(one, 'hex'), own)) owner = name;
    return owner;
  }

  #spend(client: string, rate: number | null): void {
    if (rate === null || this.#rates.take(client, rate, burst + rate)) return;
    throw new TributaryError('REPLICA_BUSY', {
      expected: `at most ${rate} calls a second of ${client}`,
      came: 'more',
      remedy: 'Ask less often: with fewer trainers, or longer leases',
      metadata: { retry_delay_ms: String(Math.ceil(1000 / rate)) },
    });
  }
}

/** The clients of the files; everybody, as null, where none is named. What goes wrong with them later is logged. */
export async function openTokens(options: TokenOptions, log: Pick<Logger, 'warn'>): Promise<Tokens | null> {
  if ((options.tokens ?? options.jwks) === undefined) return null;
  return Tokens.open(options, (error) =>
    log.warn({ reason: error.message }, 'a file of tokens or keys cannot be read: it holds as it was'),
  );
}

async function clientsIn(path: string): Promise<Clients> {
  const remedy = 'docs/deployment.md shows a file of tokens';
  const parsed = file.safeParse(parseYaml(await textOf(path, remedy), path).value);
  if (parsed.success) return parsed.data.clients;
  const expected = `clients with their tokens in ${path}`;
  throw new TributaryError('CONFIG_INVALID', { expected, came: issuesOf(parsed.error), remedy });
}

function notAuthenticated(isWrong: boolean, from: string): TributaryError {
  return new TributaryError('NOT_AUTHENTICATED', {
    expected: 'a token of a client of this server, or a certificate with its name',
    came: `${isWrong ? 'another one' : 'none'} from ${from}`,
    remedy: 'Give the client the file of its token (--token-file), and the server the hash of it (--tokens)',
  });
}

/** Who calls where nobody need say: everything is allowed. */
export function anyone(call: Peered): Identity {
  return { client: clientName(call), runs: null, inlineRuns: true };
}
