import { credentials, makeClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { service as definition } from 'grpc-health-check';
import { channelOptions } from './behaviour.js';
import { toFailure } from './failure.js';
import { notAnswered } from './lane-errors.js';

const Health = makeClientConstructor(definition, 'Health');

const answerSeconds = 3;

/** What a server says of a service's health: SERVING, NOT_SERVING, UNKNOWN. Throws where it does not answer in 3 s. */
export async function checkHealth(address: string, service: string): Promise<string> {
  const client = new Health(address, credentials.createInsecure(), channelOptions);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      timer = setTimeout(() => reject(notAnswered(address, answerSeconds)), answerSeconds * 1000);
      client.check!({ service }, (error: ServiceError | null, answer?: { status: string }) => {
        if (error === null) resolve(answer!.status);
        else reject(toFailure(error, address).error);
      });
    });
  } finally {
    clearTimeout(timer);
    client.close();
  }
}
