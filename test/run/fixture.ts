import assert from 'node:assert/strict';
import type { Reason } from '../../src/errors.js';
import { TributaryError } from '../../src/errors.js';
import { type Config, parseConfig } from '../../src/run/config.js';

/** Reads a config as the command line does. */
export function read(text: string): Config {
  return parseConfig(text, { folder: '/runs', name: 'tributary.yaml' });
}

/** A config of two sources and one run `r` with these further lines. */
export function withRun(...lines: string[]): string {
  const run = ['recipe: dinov3', 'sources: [a, b]', 'global_batch: 8', ...lines];
  return `sources:\n  a: data/a\n  b: {path: /data/b, layout: coco}\nruns:\n  r:\n${run.map((line) => `    ${line}\n`).join('')}`;
}

/** The error that `action` throws, which must have this reason and match these patterns. */
export function refused(action: () => unknown, reason: Reason, ...patterns: RegExp[]): TributaryError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof TributaryError, String(error));
    assert.equal(error.reason, reason, error.message);
    for (const pattern of patterns) assert.match(error.message, pattern);
    return error;
  }
  throw new assert.AssertionError({ message: `nothing was refused, where ${reason} should be` });
}
