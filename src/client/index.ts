/** What the package gives to programs: a trainer's side in TypeScript. docs/typescript.md shows how it is used. */
export { TributaryError } from '../errors.js';
export { Loader, type LoaderOptions } from './loader.js';
export type { ReceivedBatch } from './receive.js';
export { applyWeightDecay, type ParameterGroup, Schedule } from './schedule-client.js';
export { type Tls, tlsCredentials } from './tls.js';
export { type TrainerSteps, train } from './trainer.js';
export type { Wait } from './waiting.js';
