import {
  type ChannelCredentials,
  makeClientConstructor,
  credentials as plain,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { service as definition } from 'grpc-health-check';

const Health = makeClientConstructor(definition, 'Health');

const answerSeconds = 3;

/** What a server says of a service's health: SERVING, NOT_SERVING, UNKNOWN. Throws where it does not answer in 3 s. */
export async function checkHealth(
  address: string,
  service: string,
  credentials: ChannelCredentials = plain.createInsecure(),
): Promise<string> {
  const client = new Health(address, credentials, { 'grpc.enable_http_proxy': 0 });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      const silent = { code: status.DEADLINE_EXCEEDED, message: `none within ${answerSeconds} s` };
      timer = setTimeout(() => reject(silent), answerSeconds * 1000);
      client.check!({ service }, (error: ServiceError | null, answer?: { status: string }) => {
        if (error === null) resolve(answer!.status);
        else reject(error);
      });
    });
  } catch (error) {
    // It reads the whole contract, which a server that is well need not cost a check every few seconds.
    const { toFailure } = await import('./failure.js');
    throw toFailure(error, address).error;
  } finally {
    clearTimeout(timer);
    client.close();
  }
}
