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

/** A look at the clock, to be taken now and then: it throws DECODE_TIMEOUT once `seconds` from now are over. */
export function clockOf(seconds: number): () => void {
  const deadline = performance.now() + seconds * 1000;
  return () => {
    if (performance.now() > deadline) throw decodeTimeout(seconds, 'one that was not done by then');
  };
}
