import { checkHealth, usualPatience } from '../client/ask-health.js';
import { securedCommand, security } from './connecting.js';
import { hostPort, seconds } from './options.js';

/** `health`: asks a server whether it serves; for containers' health checks. */
export function healthCommand() {
  return securedCommand('health')
    .description('ask a server for its health (grpc.health.v1); exits with 1 where it does not serve')
    .requiredOption('--address <host:port>', 'where it listens', hostPort)
    .option(
      '--service <name>',
      'the service: tributary.v1.LoaderService, tributary.v1.ScheduleService, live, or empty for the server',
      '',
    )
    .option('--patience <seconds>', 'time for its answer', seconds, usualPatience)
    .action(async ({ address, service, patience, ...flags }) => {
      const { credentials } = await security(flags);
      const health = await checkHealth(address, service, { credentials, patience });
      process.stdout.write(`${health}\n`);
      if (health !== 'SERVING') process.exitCode = 1;
    });
}
