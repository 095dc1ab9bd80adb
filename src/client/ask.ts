import type { Client, ServiceError } from '@grpc/grpc-js';
import { rules } from './behaviour.js';
import { toFailure } from './failure.js';
import type { Replica, Replicas } from './replicas.js';

/** A question to one replica, as grpc-js has unary calls. */
export type Question<Service, Answer> = (
  client: Service,
  options: { deadline: Date },
  done: (error: ServiceError | null, answer?: Answer) => void,
) => { cancel(): void };

/**
 * The answers of up to `count` replicas, of one at least, by the replicas' names. Others are asked, and again after pauses, until
 * `patience` seconds are over.
 *
 * @param wanted what is asked for, as errors name it
 * @throws TributaryError: what a replica says of the request, what all say who refuse it, or NO_REPLICA.
 */
export async function askAll<Service extends Client, Answer>(
  replicas: Replicas<Service>,
  question: Question<Service, Answer>,
  { count, patience, wanted }: { count: number; patience: number; wanted: string },
): Promise<Map<string, Answer>> {
  const start = performance.now();
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
    const waited = (performance.now() - start) / 1000;
    if (waited > patience) throw replicas.noReplica(waited, wanted);
    await replicas.changed(Math.min(replicas.nextRetry(), Math.max(patience - waited, 0.01) * 1000));
    await replicas.refresh();
  }
}

/** One question to each, at once. Once one has answered, the others have only a moment more. */
async function askEach<Service extends Client, Answer>(
  replicas: Replicas<Service>,
  chosen: readonly Replica<Service>[],
  question: Question<Service, Answer>,
): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  const deadline = new Date(Date.now() + rules.answerSeconds * 1000);
  const calls: { cancel(): void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let late = false;
  await Promise.all(
    chosen.map(async (replica) => {
      replica.streams++;
      try {
        const answer = await new Promise<Answer>((resolve, reject) => {
          calls.push(
            question(replicas.client(replica), { deadline }, (error, answer) =>
              error === null ? resolve(answer!) : reject(error),
            ),
          );
        });
        replicas.succeeded(replica);
        answers.set(replica.name, answer);
        timer ??= setTimeout(() => {
          late = true;
          for (const call of calls) call.cancel();
        }, rules.agreeSeconds * 1000);
      } catch (error) {
        if (late) return;
        const failure = toFailure(error, replica.name);
        replicas.failed(replica, failure);
        if (failure.verdict === 'end') throw failure.error;
      } finally {
        replicas.release(replica);
      }
    }),
  ).finally(() => clearTimeout(timer));
  return answers;
}
