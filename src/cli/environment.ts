import { type CommandUnknownOpts, InvalidArgumentError, type Option } from '@commander-js/extra-typings';
import { TributaryError } from '../errors.js';

/**
 * Lets every option of a command be given by the environment: `--metrics-listen` as `TRIBUTARY_METRICS_LISTEN`. The command
 * line is stronger. An option without a value is set by `1` or `true`, and not by `0`, `false` or nothing.
 *
 * @throws TributaryError ARGUMENT_INVALID where the option does not take the value
 */
export function readEnvironment(command: CommandUnknownOpts): void {
  for (const option of command.options) {
    const name = `TRIBUTARY_${option.name().replaceAll('-', '_').toUpperCase()}`;
    const text = process.env[name];
    if (text === undefined) continue;
    try {
      command.setOptionValueWithSource(option.attributeName(), valueFrom(option, text), 'env');
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new TributaryError('ARGUMENT_INVALID', {
        expected: `${name} to be what ${option.flags} takes`,
        came: text,
        remedy: error.message,
        cause: error,
      });
    }
  }
}

function valueFrom(option: Option, text: string): unknown {
  if (option.isBoolean()) {
    if (['', '0', 'false'].includes(text)) return undefined;
    if (['1', 'true'].includes(text)) return true;
    throw new InvalidArgumentError('Set it to 1, true, 0 or false.');
  }
  const value: unknown = option.parseArg?.(text, undefined) ?? text;
  return option.variadic && !Array.isArray(value) ? [value] : value;
}
