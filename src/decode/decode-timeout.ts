import { TributaryError } from '../errors.js';

/** DECODE_TIMEOUT: no verdict on a file, which may decode elsewhere. */
export function decodeTimeout(seconds: number, came: string, cause?: unknown): TributaryError {
  return new TributaryError('DECODE_TIMEOUT', {
    expected: `a file that decodes within ${Number(seconds.toFixed(2))} s`,
    came,
    remedy: 'Ask again, give the replica more time or fewer streams, or remove the file',
    metadata: { seconds: String(seconds) },
    cause,
  });
}
