import { Command } from '@commander-js/extra-typings';
import { evaluateOption, positiveInteger, seconds, selected, splitOption, wholeNumber } from './options.js';

/** A command with the options of whoever connects to servers, and how that is secured. */
export function securedCommand(name: string) {
  return new Command(name)
    .option('--tls', 'connect by TLS; any of the following says so as well')
    .option(
      '--tls-ca <file>',
      'PEM file of the authority that servers must be certified by; without it, the well-known ones',
    )
    .option('--tls-cert <file>', 'PEM file of the certificate that proves who this client is')
    .option('--tls-key <file>', "PEM file of that certificate's key")
    .option('--token-file <file>', 'file of the token that proves who this client is; it goes by TLS alone');
}

/** What these options say: credentials, or nothing where connections are plain. */
export async function security({
  tls,
  tlsCa: authority,
  tlsCert: certificate,
  tlsKey: key,
  tokenFile,
}: ReturnType<ReturnType<typeof securedCommand>['opts']>) {
  if (!tls && (authority ?? certificate ?? key ?? tokenFile) === undefined) return {};
  const { tlsCredentials } = await import('../client/tls.js');
  return { credentials: await tlsCredentials({ authority, certificate, key, tokenFile }) };
}

/** A command with the options of whoever asks replicas for batches of a run. */
export function connectingCommand(name: string) {
  return securedCommand(name)
    .requiredOption(
      '--address <host:port[,...]>',
      "where replicas listen: one or more, or gRPC's own form (dns:///loader:50051)",
    )
    .requiredOption('--run <name>', 'a run of the config')
    .addOption(splitOption())
    .addOption(evaluateOption())
    .option('--rank <r>', 'the rank', wholeNumber, 0)
    .option('--world-size <w>', 'the number of ranks', positiveInteger, 1)
    .option('--patience <seconds>', 'longest time without any progress', seconds, 60);
}

/** What these options say, as the client takes it. */
export async function connection(flags: ReturnType<ReturnType<typeof connectingCommand>['opts']>) {
  const { address, rank, worldSize, patience } = flags;
  return { address, run: selected(flags), rank, worldSize, patience, ...(await security(flags)) };
}
