import { credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath } from 'grpc-health-check';
import { toFailure } from './failure.js';

interface HealthClient {
  check(
    request: { service: string },
    options: { deadline: Date },
    done: (error: ServiceError | null, response?: { status: string }) => void,
  ): { getPeer(): string };
  close(): void;
}

/** What a server says of a service's health: SERVING, NOT_SERVING, UNKNOWN. Throws where it does not answer in 3 s. */
export async function checkHealth(address: string, service: string): Promise<string> {
  const definition = loadPackageDefinition(loadSync(protoPath, { enums: String })) as unknown as {
    grpc: { health: { v1: { Health: new (address: string, credentials: unknown) => HealthClient } } };
  };
  const client = new definition.grpc.health.v1.Health(address, credentials.createInsecure());
  try {
    return await new Promise<string>((resolve, reject) => {
      client.check({ service }, { deadline: new Date(Date.now() + 3_000) }, (error, response) => {
        if (error === null) resolve(response!.status);
        else reject(toFailure(error, address).error);
      });
    });
  } finally {
    client.close();
  }
}
