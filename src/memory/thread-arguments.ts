/**
 * Node's arguments for a thread of Piscina, which loads its module by `require`. Where Node takes modules so, ending a thread that still
 * loads ends the process (`IsGraphAsync must be used on an instantiated module`, Node 20.19 and later): told not to, Piscina imports.
 * Those of the process are not among them: a thread refuses V8's.
 */
export const threadArguments: readonly string[] = process.allowedNodeEnvironmentFlags.has(
  '--experimental-require-module',
)
  ? ['--no-experimental-require-module']
  : [];
