import {
  type ChannelCredentials,
  makeClientConstructor,
  credentials as plain,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { service as definition } from 'grpc-health-check';

const Health = makeClientConstructor(definition, 'Health');

/** Seconds in which a server answers. */
export const usualPatience = 3;

/** How it is asked. */
interface HealthOptions {
  readonly credentials?: ChannelCredentials | undefined;
  readonly patience?: number;
}

/** What a server says of a service's health: SERVING, NOT_SERVING, UNKNOWN. Throws where it does not answer in `patience` seconds. */
export async function checkHealth(
  address: string,
  service: string,
  { credentials = plain.createInsecure(), patience = usualPatience }: HealthOptions = {},
): Promise<string> {
  const client = new Health(address, credentials, { 'grpc.enable_http_proxy': 0 });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      const silent = { code: status.DEADLINE_EXCEEDED, message: `none within ${patience} s` };
      timer = setTimeout(() => reject(silent), patience * 1000);
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
