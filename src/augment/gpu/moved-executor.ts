import { createRequire } from 'node:module';
import { alignedBytes } from '../cargo.js';

const require = createRequire(import.meta.url);

/** The version of gpu.js whose executor is known; package.json pins it. */
export const knownVersion = '2.24.1';

/** How the arguments of one call go to the device, and its result comes back: both by one copy. */
export interface Movement {
  /** Writes argument `index` to the start of `target`, memory that the device reads; returns how many floats it has written. */
  put(index: number, target: Float32Array): number;
  /** Floats of the result that are read. */
  readonly resultLength: number;
  /** Copies the result, which is gone afterwards. */
  take(result: Float32Array): void;
}

/** Seconds of the calling thread: copying, and in calls to the device's driver. */
export interface Spent {
  copying: number;
  calling: number;
}

interface Buffer {
  mapAsync(mode: number, offset?: number, size?: number): Promise<void>;
  getMappedRange(offset?: number, size?: number): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

/** What of gpu.js's fused executor is touched. */
interface Executor {
  readonly destroyed: boolean;
  readonly context: { readonly isLost: boolean };
  readonly _device: {
    readonly queue: { submit(commands: readonly object[]): void };
    createBuffer(settings: { size: number; usage: number; mappedAtCreation?: boolean }): Buffer;
    createCommandEncoder(): {
      copyBufferToBuffer(from: Buffer, fromByte: number, to: Buffer, toByte: number, bytes: number): void;
      beginComputePass(): {
        setPipeline(pipeline: object): void;
        setBindGroup(index: number, group: object): void;
        dispatchWorkgroups(x: number, y: number, z: number): void;
        end(): void;
      };
      finish(): object;
    };
  };
  readonly _argRegions: ReadonlyMap<number, { readonly buffer: Buffer; readonly flatLength: number }>;
  readonly _paramsRecords: readonly { readonly perCall: boolean }[];
  readonly _passes: readonly {
    readonly pipeline: object;
    readonly bindGroup: object;
    readonly groups: readonly [number, number, number];
  }[];
  readonly _resultReads: readonly {
    readonly kind: string;
    readonly buffer: Buffer;
    readonly offset: number;
    readonly byteLength: number;
    readonly componentCount: number;
  }[];
  readonly _staging: Buffer;
  _checkArguments(args: readonly unknown[]): void;
  execute(args: readonly { readonly value: object }[]): Promise<unknown>;
  destroy(): void;
}

/** The upload of one executor: memory that the device reads, mapped again after every run. */
interface Upload {
  readonly buffer: Buffer;
  mapped: Promise<void>;
}

const usage = { mapWrite: 2, copySource: 4 } as const;
const mode = { read: 1, write: 2 } as const;

const movements = new WeakMap<object, Movement>();
const uploads = new WeakMap<object, Upload>();

/** Says how the next call moves whose first argument's memory is `key`. */
export function moveBy(key: Float32Array, movement: Movement): void {
  movements.set(key, movement);
}

/**
 * Overrides the one method of gpu.js's fused WebGPU executor that moves bytes, in this thread. Its own passes every argument to
 * `queue.writeBuffer`, through a copy, and slices the result: a fifth of what a thread moves through a mapped buffer and by one copy
 * (docs/backends.md). What gpu.js translates, compiles and binds stays as it is.
 *
 * @returns where the time of the thread goes, added up.
 * @throws Error where gpu.js is of another version, or its executor of another shape.
 */
export function installMovedExecutor(): Spent {
  const { version } = require('gpu.js/package.json') as { readonly version: string };
  if (version !== knownVersion) throw misfit(`version ${version}`);
  const { WebGPUPipelineExecutor } = require('gpu.js/src/backend/web-gpu/pipeline-executor.js') as {
    WebGPUPipelineExecutor?: { readonly prototype: Executor };
  };
  const prototype = WebGPUPipelineExecutor?.prototype;
  if (typeof prototype?.execute !== 'function' || typeof prototype._checkArguments !== 'function')
    throw misfit('no WebGPUPipelineExecutor with the methods execute and _checkArguments');
  const spent: Spent = { copying: 0, calling: 0 };
  prototype.execute = function (this: Executor, args) {
    return execute(this, args, spent);
  };
  return spent;
}

async function execute(executor: Executor, args: Parameters<Executor['execute']>[0], spent: Spent): Promise<void> {
  const movement = movements.get(args[0]!.value);
  if (movement === undefined) throw new Error('a call of a pipeline for which nothing was to be moved');
  if (executor.destroyed) throw new Error('the pipeline was destroyed');
  if (executor.context.isLost) throw new Error('the WebGPU device was lost');
  executor._checkArguments(args);
  const upload = uploads.get(executor) ?? open(executor);
  await upload.mapped;

  let at = performance.now();
  const lap = (part: keyof Spent) => {
    const now = performance.now();
    spent[part] += (now - at) / 1000;
    at = now;
  };
  const { _device: device, _argRegions: regions, _staging: staging } = executor;
  const target = new Float32Array(upload.buffer.getMappedRange());
  lap('calling');
  const copies: { readonly from: number; readonly to: Buffer; readonly count: number }[] = [];
  let from = 0;
  for (const [index, { buffer, flatLength }] of regions) {
    const count = movement.put(index, target.subarray(from, from + flatLength));
    if (count > 0) copies.push({ from, to: buffer, count });
    from += alignedBytes(flatLength) / 4;
  }
  lap('copying');
  upload.buffer.unmap();
  const encoder = device.createCommandEncoder();
  for (const { from, to, count } of copies) encoder.copyBufferToBuffer(upload.buffer, 4 * from, to, 0, 4 * count);
  for (const { pipeline, bindGroup, groups } of executor._passes) {
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...groups);
    pass.end();
  }
  const bytes = 4 * movement.resultLength;
  encoder.copyBufferToBuffer(executor._resultReads[0]!.buffer, 0, staging, 0, bytes);
  device.queue.submit([encoder.finish()]);
  // Mapped again as soon as the device has read it, so that the next run of this executor need not wait.
  upload.mapped = upload.buffer.mapAsync(mode.write);
  upload.mapped.catch(() => {});
  const read = staging.mapAsync(mode.read, 0, bytes);
  lap('calling');
  await read;
  at = performance.now();
  const result = new Float32Array(staging.getMappedRange(0, bytes), 0, movement.resultLength);
  lap('calling');
  movement.take(result);
  lap('copying');
  staging.unmap();
  lap('calling');
}

function open(executor: Executor): Upload {
  checkFit(executor);
  const size = [...executor._argRegions.values()].reduce((sum, { flatLength }) => sum + alignedBytes(flatLength), 0);
  const buffer = executor._device.createBuffer({
    size,
    usage: usage.mapWrite | usage.copySource,
    mappedAtCreation: true,
  });
  const upload = { buffer, mapped: Promise.resolve() };
  uploads.set(executor, upload);
  const { destroy } = executor;
  executor.destroy = () => {
    buffer.destroy();
    destroy.call(executor);
  };
  return upload;
}

/**
 * Throws where an executor has not what `execute` touches. A step with an argument that differs from call to call would need
 * `queue.writeBuffer`; a chain has none.
 */
export function checkFit(executor: object): void {
  const { _device, _argRegions, _paramsRecords, _passes, _resultReads, _staging } = executor as Partial<Executor>;
  const isFunction = (value: unknown) => typeof value === 'function';
  const parts = {
    _device:
      isFunction(_device?.createBuffer) &&
      isFunction(_device.createCommandEncoder) &&
      isFunction(_device.queue?.submit),
    _argRegions:
      _argRegions instanceof Map &&
      [..._argRegions.values()].every(({ buffer, flatLength }) => isFunction(buffer?.destroy) && flatLength > 0),
    _paramsRecords: Array.isArray(_paramsRecords) && _paramsRecords.every(({ perCall }) => perCall === false),
    _passes:
      Array.isArray(_passes) &&
      _passes.every(({ pipeline, bindGroup, groups }) => pipeline && bindGroup && groups?.length === 3),
    _resultReads:
      Array.isArray(_resultReads) &&
      _resultReads.length === 1 &&
      _resultReads.every((read) => read.kind === 'step' && read.offset === 0 && read.componentCount === 1),
    _staging: isFunction(_staging?.mapAsync),
  };
  const missing = Object.entries(parts).flatMap(([name, fits]) => (fits ? [] : [name]));
  if (missing.length > 0) throw misfit(`an executor whose ${missing.join(', ')} has another shape`);
}

function misfit(came: string): Error {
  return new Error(`expected the fused executor of gpu.js ${knownVersion}, but got ${came}`);
}
