import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import { TributaryError } from '../errors.js';
import { parseYaml } from '../run/yaml-text.js';
import { certifiedName, clientName, type Peered } from './client-name.js';

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
const entry = z.strictObject({
  tokens: z.array(hash).default([]),
  runs: z.array(z.string()).optional(),
  inline_runs: z.boolean().default(true),
  calls_per_second: z.number().positive().optional(),
});
const file = z.strictObject({ clients: z.record(name, entry) });
type Clients = z.infer<typeof file>['clients'];

/** Milliseconds between two readings of the file. */
const readEvery = 10_000;
/** Calls at once beyond those of a rate: a client opens its lanes together. */
const burst = 32;

/**
 * The clients that may call, by the file of `--tokens`: of each the hashes of its tokens and what it may ask for. Tokens themselves
 * are nowhere on the server. The file is read again while this is open; what cannot be read then is passed over.
 */
export class Tokens {
  readonly #path: string;
  #clients: Clients;
  readonly #spent = new Map<string, { calls: number; at: number }>();
  readonly #timer: NodeJS.Timeout;

  private constructor(path: string, clients: Clients, onTrouble: (error: Error) => void) {
    this.#path = path;
    this.#clients = clients;
    this.#timer = setInterval(() => void this.read().catch(onTrouble), readEvery).unref();
  }

  /** @throws TributaryError CONFIG_UNREADABLE or CONFIG_INVALID where the file is not one of clients. */
  static async open(path: string, onTrouble: (error: Error) => void = () => {}): Promise<Tokens> {
    return new Tokens(path, await clientsIn(path), onTrouble);
  }

  /** Takes the file as it is now. */
  async read(): Promise<void> {
    this.#clients = await clientsIn(this.#path);
  }

  /**
   * Who makes a call: whose token it brings, or else whose name its certificate has.
   *
   * @throws TributaryError NOT_AUTHENTICATED where that is nobody of the file, REPLICA_BUSY where it calls more often than it may.
   */
  identify(call: Called): Identity {
    const [sent] = call.metadata.get('authorization');
    const client = sent === undefined ? certifiedName(call) : this.#owner(String(sent));
    const found = client !== null && Object.hasOwn(this.#clients, client) ? this.#clients[client]! : null;
    if (found === null) throw notAuthenticated(sent !== undefined, clientName(call));
    this.#spend(client!, found.calls_per_second ?? null);
    return { client: `name ${client}`, runs: found.runs ?? null, inlineRuns: found.inline_runs };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Whose token it is. All hashes are compared, each in one time, so that none tells how much of it was right. */
  #owner(authorization: string): string | null {
    const [, token] = /^Bearer (\S{1,1024})$/i.exec(authorization) ?? [];
    const own = createHash('sha256')
      .update(token ?? '')
      .digest();
    let owner: string | null = null;
    for (const [name, { tokens }] of Object.entries(this.#clients))
      for (const one of tokens) if (timingSafeEqual(Buffer.from(one, 'hex'), own)) owner = name;
    return token === undefined ? null : owner;
  }

  #spend(client: string, rate: number | null): void {
    if (rate === null) return;
    const now = performance.now();
    const { calls, at } = this.#spent.get(client) ?? { calls: 0, at: now };
    const left = Math.max(0, calls - ((now - at) / 1000) * rate);
    if (left + 1 > burst + rate)
      throw new TributaryError('REPLICA_BUSY', {
        expected: `at most ${rate} calls a second of ${client}`,
        came: 'more',
        remedy: 'Ask less often: with fewer trainers, or longer leases',
        metadata: { retry_delay_ms: String(Math.ceil(1000 / rate)) },
      });
    this.#spent.set(client, { calls: left + 1, at: now });
  }
}

/** The clients of a file; everybody, as null, where none is named. What goes wrong with it later is logged. */
export async function openTokens(file: string | undefined, log: Pick<Logger, 'warn'>): Promise<Tokens | null> {
  if (file === undefined) return null;
  return Tokens.open(file, (error) =>
    log.warn({ reason: error.message }, 'the file of tokens cannot be read: it holds as it was'),
  );
}

async function clientsIn(path: string): Promise<Clients> {
  const remedy = 'docs/deployment.md shows a file of tokens';
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const came = (error as Error).message;
    throw new TributaryError('CONFIG_UNREADABLE', { expected: `to read ${path}`, came, remedy, cause: error });
  }
  const parsed = file.safeParse(parseYaml(text, path).value);
  if (parsed.success) return parsed.data.clients;
  const came = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new TributaryError('CONFIG_INVALID', { expected: `clients with their tokens in ${path}`, came, remedy });
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
