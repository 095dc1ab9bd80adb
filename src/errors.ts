/** The gRPC codes that this project answers with, by their canonical names. */
export type Code =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'OUT_OF_RANGE'
  | 'FAILED_PRECONDITION'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'DATA_LOSS'
  | 'UNAVAILABLE'
  | 'RESOURCE_EXHAUSTED'
  | 'CANCELLED'
  | 'INTERNAL';

/**
 * Every reason that an error can carry, with its gRPC code. The pair (reason, domain `tributary.v1`) is a contract:
 * clients may branch on it. docs/errors.md explains each under its name, and a test holds the two together.
 */
export const reasons = {
  CONFIG_UNREADABLE: 'INVALID_ARGUMENT',
  CONFIG_INVALID: 'INVALID_ARGUMENT',
  ARGUMENT_INVALID: 'INVALID_ARGUMENT',
  UNKNOWN_KNOB: 'INVALID_ARGUMENT',
  UNKNOWN_RECIPE: 'INVALID_ARGUMENT',
  KNOB_OUT_OF_RANGE: 'INVALID_ARGUMENT',
  UNSUPPORTED_KNOB: 'INVALID_ARGUMENT',
  WORLD_SIZE_INVALID: 'INVALID_ARGUMENT',
  RANK_INVALID: 'INVALID_ARGUMENT',
  CURSOR_INVALID: 'INVALID_ARGUMENT',
  UNKNOWN_RUN: 'NOT_FOUND',
  UNKNOWN_SOURCE: 'NOT_FOUND',
  UNKNOWN_KEY: 'NOT_FOUND',
  SOURCE_MISSING: 'NOT_FOUND',
  SOURCE_UNREADABLE: 'FAILED_PRECONDITION',
  SOURCE_EMPTY: 'FAILED_PRECONDITION',
  SOURCE_CHANGED: 'FAILED_PRECONDITION',
  NOT_INDEXED: 'FAILED_PRECONDITION',
  MANIFEST_INVALID: 'FAILED_PRECONDITION',
  SHARD_INVALID: 'FAILED_PRECONDITION',
  INDEX_INCOMPLETE: 'FAILED_PRECONDITION',
  FINGERPRINT_MISMATCH: 'FAILED_PRECONDITION',
  BACKEND_UNAVAILABLE: 'FAILED_PRECONDITION',
  ADDRESS_IN_USE: 'FAILED_PRECONDITION',
  THREADS_FAILED: 'FAILED_PRECONDITION',
  NOT_ALLOWED: 'PERMISSION_DENIED',
  NOT_AUTHENTICATED: 'UNAUTHENTICATED',
  EPOCH_OUT_OF_RANGE: 'OUT_OF_RANGE',
  STEP_OUT_OF_RANGE: 'OUT_OF_RANGE',
  SAMPLE_CORRUPT: 'DATA_LOSS',
  TOO_MANY_CORRUPT: 'DATA_LOSS',
  CRC_MISMATCH: 'DATA_LOSS',
  REPLAY_DIFFERS: 'DATA_LOSS',
  STORAGE_UNAVAILABLE: 'UNAVAILABLE',
  DECODE_TIMEOUT: 'UNAVAILABLE',
  DECODER_LOST: 'UNAVAILABLE',
  SERVER_DRAINING: 'UNAVAILABLE',
  NO_REPLICA: 'UNAVAILABLE',
  TOO_MUCH_ASKED: 'RESOURCE_EXHAUSTED',
  REPLICA_BUSY: 'RESOURCE_EXHAUSTED',
  CLIENT_EXHAUSTED: 'RESOURCE_EXHAUSTED',
  STREAM_CANCELLED: 'CANCELLED',
  INTERNAL: 'INTERNAL',
} as const satisfies Record<string, Code>;

/** The name of a reason. */
export type Reason = keyof typeof reasons;

/** The domain of every `google.rpc.ErrorInfo` that this project sends. */
export const errorDomain = 'tributary.v1';

/** The three parts of every message, and what else belongs to the case. */
export interface ErrorDetail {
  /** What was expected, as the start of a sentence: `a probability in [0, 1]`. */
  readonly expected: string;
  /** What came instead: `1.5 for grayscale`. */
  readonly came: string;
  /** What to do, a whole sentence without its full stop: `Set grayscale to a value between 0 and 1`. */
  readonly remedy: string;
  /** The parts of the message that change from case to case, for programs. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What led to this error. */
  readonly cause?: unknown;
}

/**
 * The one error type. `message` reads `expected <expected>, but got <came>. <remedy>.`; `code` is the gRPC code and
 * `reason` the key of docs/errors.md.
 */
export class TributaryError extends Error {
  override readonly name = 'TributaryError';
  readonly reason: Reason;
  readonly code: Code;
  readonly metadata: Readonly<Record<string, string>>;
  /** What it was made from, for threads and services to pass on. */
  readonly detail: Omit<ErrorDetail, 'cause'>;

  /** @param told the message as another process worded it; made of the parts where absent. */
  constructor(reason: Reason, { cause, ...detail }: ErrorDetail, told?: string) {
    const message = told ?? `expected ${detail.expected}, but got ${detail.came}. ${detail.remedy}.`;
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.code = reasons[reason];
    this.metadata = detail.metadata ?? {};
    this.detail = detail;
  }
}
