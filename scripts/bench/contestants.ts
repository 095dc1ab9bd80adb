import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { batchSize, type FileSet, imageSize, runName } from './dataset.js';
import { python } from './machine.js';
import type { Measured } from './measure.js';
import type { RunningReplica } from './replica.js';

/** What a contestant is run on. */
export interface Course {
  readonly recipe: string;
  readonly set: FileSet;
  readonly seconds: number;
  /** An epoch that no contestant has streamed yet. */
  readonly epoch: number;
  readonly replicas: { readonly simd: RunningReplica; readonly webgpu: RunningReplica | null };
}

/** One side of the comparison. */
export interface Contestant {
  readonly name: string;
  /** What it is, for the table. */
  readonly label: string;
  /** Whether it differs from recipe to recipe; others run once for each file set. */
  readonly ofRecipe: boolean;
  /** Whether it reads files once, from storage. */
  readonly isCold: boolean;
  /** What is to be run; null where this machine cannot. */
  readonly run: (course: Course) => Measured | null;
}

const workers = availableParallelism();
const here = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));
// Python's files stay beside the sources: the build copies none.
const inSources = (name: string) => fileURLToPath(new URL(`../../../scripts/bench/${name}`, import.meta.url));
const withPython = (name: string, asked: object) => [python, inSources(name), JSON.stringify(asked)];
const withNode = (name: string, asked: object) => [process.execPath, here(name), JSON.stringify(asked)];

function dataLoader(whole: boolean, uint8: boolean): Contestant['run'] {
  return ({ recipe, set, seconds }) => ({
    command: withPython('dataloader.py', {
      folder: whole ? set.once : set.many,
      recipe,
      size: imageSize,
      batch: batchSize,
      workers,
      seconds,
      whole,
      uint8,
    }),
    group: 'loader',
    replica: null,
  });
}

function pythonClient(of: {
  readonly files: 'once' | 'many';
  readonly whole?: boolean;
  readonly again?: boolean;
  readonly replica?: 'simd' | 'webgpu';
  readonly options?: object;
}): Contestant['run'] {
  const { files, whole = false, again = false, options = {} } = of;
  return ({ recipe, set, seconds, epoch, replicas }) => {
    const replica = replicas[of.replica ?? 'simd'];
    if (replica === null) return null;
    const asked = { address: replica.address, run: runName(recipe, set, files), epoch, seconds, whole, again, options };
    return { command: withPython('python_client.py', asked), group: 'client', replica };
  };
}

/** Drops a file set from the page cache before a contestant that is measured cold. */
export function dropFromCache(set: FileSet): void {
  execFileSync(python, [inSources('drop_cache.py'), set.once]);
}

/** Every contestant, in the order in which each round runs them. */
export const contestants: readonly Contestant[] = [
  {
    name: 'dataloader',
    label: 'PyTorch DataLoader, upstream transform',
    ofRecipe: true,
    isCold: false,
    run: dataLoader(false, false),
  },
  {
    name: 'python-client',
    label: 'replica and Python client, uint8',
    ofRecipe: true,
    isCold: false,
    run: pythonClient({ files: 'many' }),
  },
  {
    name: 'dataloader-uint8',
    label: 'PyTorch DataLoader, ending in uint8',
    ofRecipe: true,
    isCold: false,
    run: dataLoader(false, true),
  },
  {
    name: 'typescript-client',
    label: 'replica and TypeScript client, uint8',
    ofRecipe: true,
    isCold: false,
    run: ({ recipe, set, seconds, epoch, replicas }) => ({
      command: withNode('typescript-client.js', {
        address: replicas.simd.address,
        run: runName(recipe, set, 'many'),
        epoch,
        seconds,
      }),
      group: 'client',
      replica: replicas.simd,
    }),
  },
  {
    name: 'python-client-float32',
    label: 'replica and Python client, float32 normalised',
    ofRecipe: true,
    isCold: false,
    run: pythonClient({ files: 'many', options: { data_type: 'float32', layout: 'nchw' } }),
  },
  {
    name: 'webgpu',
    label: 'replica on webgpu and Python client, uint8',
    ofRecipe: true,
    isCold: false,
    run: pythonClient({ files: 'many', replica: 'webgpu' }),
  },
  {
    name: 'dataloader-cold',
    label: 'PyTorch DataLoader, cold files',
    ofRecipe: true,
    isCold: true,
    run: dataLoader(true, false),
  },
  {
    name: 'python-client-cold',
    label: 'replica and Python client, cold files',
    ofRecipe: true,
    isCold: true,
    run: pythonClient({ files: 'once', whole: true }),
  },
  {
    name: 'kernels',
    label: 'kernels alone',
    ofRecipe: true,
    isCold: false,
    run: ({ recipe, set, seconds }) => ({
      command: withNode('kernels.js', { folder: set.once, recipe, size: imageSize, workers, seconds }),
      group: 'loader',
      replica: null,
    }),
  },
  {
    name: 'sharp-decode',
    label: 'sharp decoding alone, whole files',
    ofRecipe: false,
    isCold: false,
    run: ({ set, seconds }) => ({
      command: withNode('sharp-decode.js', { folder: set.once, workers, seconds }),
      group: 'loader',
      replica: null,
    }),
  },
  {
    name: 'pillow-decode',
    label: 'Pillow decoding alone, whole files',
    ofRecipe: false,
    isCold: false,
    run: ({ set, seconds }) => ({
      command: withPython('pillow_decode.py', { folder: set.once, workers, seconds }),
      group: 'loader',
      replica: null,
    }),
  },
  {
    name: 'wire',
    label: 'wire alone: batches from memory to the Python client',
    ofRecipe: false,
    isCold: false,
    run: (course) => pythonClient({ files: 'once', again: true })({ ...course, epoch: 0 }),
  },
];
