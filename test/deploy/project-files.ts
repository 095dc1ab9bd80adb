import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

/** A YAML or JSON value whose shape a schema has already decided. */
// biome-ignore lint/suspicious/noExplicitAny: a manifest's shape is checked against its published schema first
export type Manifest = any;

/** The absolute path of a file of the project. */
export const pathOf = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** The text of a file of the project. */
export const textOf = (path: string): string => readFileSync(pathOf(path), 'utf8');

/** The value of a YAML file of one document, with merge keys resolved. */
export const yamlOf = (text: string): Manifest => parse(text, { merge: true });

/** The values of a YAML text of several documents. */
export const allYamlOf = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((value) => value !== null);

const main: string = JSON.parse(textOf('package.json')).bin.tributary;
const helps = new Map<string, string>();

/** What the command line says about a command; empty where it has no such command. */
function helpOf(command: string): string {
  let help = helps.get(command);
  if (help === undefined) {
    const { status, stdout } = spawnSync(process.execPath, [pathOf(main), command, '--help'], { encoding: 'utf8' });
    help = status === 0 && stdout.includes(` ${command} `) ? stdout : '';
    helps.set(command, help);
  }
  return help;
}

/** What is wrong with the arguments of a container: commands and options that the command line does not have. */
export function faultsOf(args: readonly string[]): string[] {
  const [command = '', ...rest] = args;
  const help = helpOf(command);
  if (help === '') return [`no command ${command}`];
  const known = new Set(help.match(/--[a-z][a-z-]*/g));
  return rest
    .filter((arg) => arg.startsWith('--'))
    .map((arg) => arg.split('=')[0]!)
    .filter((option) => !known.has(option))
    .map((option) => `${command} has no ${option}`);
}

/** The value of an option in a container's arguments, as `--name=value` or `--name value`. */
export function optionOf(args: readonly string[], name: string): string | undefined {
  const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  if (at < 0) return undefined;
  return args[at]!.includes('=') ? args[at]!.slice(name.length + 1) : args[at + 1];
}

/** The port of a `host:port`. */
export const portOf = (address: string | undefined): number => Number(address?.slice(address.lastIndexOf(':') + 1));
