import { credentials, makeClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { service as definition } from 'grpc-health-check';
import { toFailure } from './failure.js';

const Health = makeClientConstructor(definition, 'Health');

/** What a server says of a service's health: SERVING, NOT_SERVING, UNKNOWN. Throws where it does not answer in 3 s. */
export async function checkHealth(address: string, service: string): Promise<string> {
  const client = new Health(address, credentials.createInsecure());
  const deadline = new Date(Date.now() + 3_000);
  try {
    return await new Promise<string>((resolve, reject) => {
      client.check!({ service }, { deadline }, (error: ServiceError | null, answer?: { status: string }) => {
        if (error === null) resolve(answer!.status);
        else reject(toFailure(error, address).error);
      });
    });
  } finally {
    client.close();
  }
}
