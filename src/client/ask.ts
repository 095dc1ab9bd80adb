import type { Client, ServiceError } from '@grpc/grpc-js';
import { rules } from './behaviour.js';
import { toFailure } from './failure.js';
import { notAnswered } from './lane-errors.js';
import type { Replica, Replicas } from './replicas.js';

/** What is asked for, as errors name it, of how many, and how long. Times in seconds, of the clock. */
interface Asked {
  readonly count: number;
  readonly patience: number;
  readonly connectTimeout: number;
  readonly wanted: string;
}

/** A question to one replica, as grpc-js has unary calls. */
export type Question<Service, Answer> = (
  client: Service,
  done: (error: ServiceError | null, answer?: Answer) => void,
) => { cancel(): void };

/**
 * The answers of up to `count` replicas, of one at least, by the replicas' names. Others are asked, and again after pauses, until
 * `patience` seconds are over.
 *
 * @throws TributaryError: what a replica says of the request, what all say who refuse it, or NO_REPLICA.
 */
export async function askAll<Service extends Client, Answer>(
  replicas: Replicas<Service>,
  question: Question<Service, Answer>,
  { count, patience, connectTimeout, wanted }: Asked,
): Promise<Map<string, Answer>> {
  const { clock } = replicas;
  replicas.forgetRefusals();
  const start = clock.now();
  const stop = clock.onTick(() => replicas.say(clock.now() - start, wanted));
  try {
    for (;;) {
      const chosen = new Set<Replica<Service>>();
      while (chosen.size < count) {
        const replica = replicas.choose(chosen);
        if (replica === null || chosen.has(replica)) break;
        chosen.add(replica);
      }
      const answers = await askEach(replicas, [...chosen], question);
      if (answers.size > 0) return answers;
      const refusal = replicas.refusal();
      if (refusal !== null) throw refusal;
      const waited = (clock.now() - start) / 1000;
      if (clock.waited(start, patience, connectTimeout)) throw replicas.noReplica(waited, wanted);
      await replicas.changed(Math.min(replicas.nextRetry(), Math.max(patience - waited, 0.01) * 1000));
      await replicas.refresh();
    }
  } finally {
    stop();
  }
}

/** One question to each, at once. Once one has answered, the others have only a moment more. */
async function askEach<Service extends Client, Answer>(
  replicas: Replicas<Service>,
  chosen: readonly Replica<Service>[],
  question: Question<Service, Answer>,
): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  const calls: { cancel(): void }[] = [];
  const { clock } = replicas;
  const stops: (() => void)[] = [];
  let late = false;
  await Promise.all(
    chosen.map(async (replica) => {
      replica.streams++;
      try {
        const answer = await new Promise<Answer>((resolve, reject) => {
          const call = question(replicas.client(replica), (error, answer) =>
            error === null ? resolve(answer!) : reject(error),
          );
          calls.push(call);
          const giveUp = (): void => {
            reject(notAnswered(replica.name, rules.answerSeconds));
            call.cancel();
          };
          stops.push(clock.after(rules.answerSeconds, giveUp));
        });
        replicas.succeeded(replica);
        answers.set(replica.name, answer);
        if (answers.size > 1) return;
        const close = (): void => {
          late = true;
          for (const call of calls) call.cancel();
        };
        stops.push(clock.after(rules.agreeSeconds, close));
      } catch (error) {
        if (late) return;
        const failure = toFailure(error, replica.name);
        replicas.failed(replica, failure);
        if (failure.verdict === 'end') throw failure.error;
      } finally {
        replicas.release(replica);
      }
    }),
  ).finally(() => {
    for (const stop of stops) stop();
  });
  return answers;
}
