import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceError } from '@grpc/grpc-js';
import { toFailure } from './status.js';

/** One attempt's longest time, in milliseconds. */
const attemptTime = 10_000;

/**
 * A unary call, made again with backoff and jitter while its failure is one that may pass, for `patience` milliseconds.
 *
 * @throws TributaryError: the server's own, or NO_REPLICA.
 */
export async function retried<Response>(
  patience: number,
  call: (deadline: Date, done: (error: ServiceError | null, response?: Response) => void) => { getPeer(): string },
): Promise<Response> {
  const end = Date.now() + patience;
  for (let attempt = 0; ; attempt++) {
    let peer = '';
    try {
      return await new Promise<Response>((resolve, reject) => {
        const made = call(new Date(Math.min(end, Date.now() + attemptTime)), (error, response) => {
          peer = made.getPeer();
          if (error === null) resolve(response!);
          else reject(error);
        });
      });
    } catch (error) {
      const failure = toFailure(error, peer);
      const wait = Math.random() * Math.min(2_000, 100 * 2 ** attempt);
      if (!failure.passing || Date.now() + wait > end) throw failure.error;
      await pause(wait);
    }
  }
}
