import { parentPort, workerData } from 'node:worker_threads';
import { type ErrorDetail, type Reason, TributaryError } from '../errors.js';
import { type Config, parseInlineRun } from '../run/config.js';
import type { Run } from '../run/run.js';

/** What became of a text. */
export type InlineAnswer =
  | { readonly run: Run }
  | { readonly reason: Reason; readonly detail: Omit<ErrorDetail, 'cause'> }
  | { readonly fault: string };

parentPort!.on('message', (text: string) => {
  const answer = (said: InlineAnswer): void => parentPort!.postMessage(said);
  try {
    answer({ run: parseInlineRun(text, workerData as Config) });
  } catch (error) {
    if (error instanceof TributaryError) answer({ reason: error.reason, detail: error.detail });
    else answer({ fault: String(error) });
  }
});
parentPort!.postMessage('ready');
