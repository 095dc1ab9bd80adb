import { Command, Option } from '@commander-js/extra-typings';
import { configOption, hostPort, positiveInteger, wholeNumber } from './options.js';

/** A command with the options of whoever listens and serves the runs of a config. */
export function listeningCommand(name: string) {
  return new Command(name)
    .requiredOption('--listen <host:port>', 'where to listen; port 0 for any free one', hostPort)
    .option('--metrics-listen <host:port>', 'where to serve /metrics, /healthz and /readyz over HTTP', hostPort)
    .option('--tls-cert <file>', 'PEM file of the certificate')
    .option('--tls-key <file>', "PEM file of the certificate's key")
    .option('--tls-client-ca <file>', 'PEM file of the authority that clients must be certified by')
    .option('--tokens <file>', 'YAML file of the clients that may call, with the hashes of their tokens')
    .option('--jwks <file>', 'JSON file of the keys that JSON Web Tokens of clients that may call are signed by')
    .option('--jwt-issuer <name>', 'whom their iss must name')
    .option('--jwt-audience <name>', 'whom their aud must name')
    .option('--jwt-tolerance <seconds>', 'by how much clocks of theirs may be off', wholeNumber, 30)
    .option('--connections <n>', 'connections at a time; 2048, or what open files allow, where absent', positiveInteger)
    .option('--client-connections <n>', 'those of one address; 512, or half of all, where absent', positiveInteger)
    .option('--insecure', 'let other machines connect without TLS')
    .addOption(
      new Option('--log-level <level>', 'least severe level of the log')
        .choices(['debug', 'info', 'warn', 'error', 'silent'] as const)
        .default('info' as const),
    )
    .addOption(configOption());
}
