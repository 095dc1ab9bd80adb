import { execFileSync, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { recipes } from '../../src/run/recipes.js';
import { python } from '../torchvision-process.js';
import { benchRecipe } from './bench-recipes.js';
import { batchSize, type FileSet, imageSize, runName } from './dataset.js';
import type { Measured } from './measure.js';
import type { RunningReplica } from './replica.js';

/** What a contestant is run on. */
export interface Course {
  readonly recipe: string;
  readonly set: FileSet;
  readonly seconds: number;
  /** An epoch that no contestant has streamed yet. */
  readonly epoch: number;
  /** By backend; the one that has positions in JPEG files, on simd, by `positions`. */
  readonly replicas: ReadonlyMap<string, RunningReplica>;
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
  /** The backend of the replica that it needs. */
  readonly backend?: string;
  /** Whether that has positions in JPEG files. */
  readonly positions?: boolean;
  /** What is to be run; null where this machine cannot. */
  readonly run: (course: Course) => Measured | null;
}

const workers = availableParallelism();
const here = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));
// Python's files stay beside the sources: the build copies none.
const inSources = (name: string) => fileURLToPath(new URL(`../../../scripts/bench/${name}`, import.meta.url));
const withPython = (name: string, asked: object) => [python, inSources(name), JSON.stringify(asked)];
const withNode = (name: string, asked: object) => [process.execPath, here(name), JSON.stringify(asked)];

function dataLoader(of: { whole?: boolean; uint8?: boolean; opencv?: boolean }): Contestant['run'] {
  const { whole = false } = of;
  return ({ recipe, set, seconds }) => ({
    command: withPython('dataloader.py', {
      folder: whole ? set.once : set.many,
      ...benchRecipe(recipe),
      size: imageSize,
      batch: batchSize,
      workers,
      seconds,
      whole,
      ...of,
    }),
    group: 'loader',
    replica: null,
  });
}

function openCv(): Contestant['run'] {
  const run = dataLoader({ opencv: true });
  const isThere = spawnSync(python, ['-c', 'import cv2']).status === 0;
  // Its policies are Pillow's alone.
  return (course) => (isThere && ['dinov3', 'crop'].includes(course.recipe) ? run(course) : null);
}

function pythonClient(of: {
  readonly files: 'once' | 'many';
  readonly whole?: boolean;
  readonly again?: boolean;
  readonly backend?: string;
  readonly options?: object;
}): Contestant['run'] {
  const { files, whole = false, again = false, options = {} } = of;
  return ({ recipe, set, seconds, epoch, replicas }) => {
    const replica = replicas.get(of.backend ?? 'simd');
    if (replica === undefined) return null;
    const asked = { address: replica.address, run: runName(recipe, set, files), epoch, seconds, whole, again, options };
    return { command: withPython('python_client.py', asked), group: 'client', replica };
  };
}

function fromMemory(course: Course): Measured | null {
  return pythonClient({ files: 'once', again: true })({ ...course, epoch: 0 });
}

function typeScriptClient(files: 'once' | 'many', again: boolean): Contestant['run'] {
  return ({ recipe, set, seconds, epoch, replicas }) => {
    const replica = replicas.get('simd')!;
    const asked = { address: replica.address, run: runName(recipe, set, files), epoch, seconds, again };
    return { command: withNode('typescript-client.js', asked), group: 'client', replica };
  };
}

function kernels(decode: 'before' | 'once' | 'each' | 'whole'): Contestant['run'] {
  return ({ recipe, set, seconds }) => ({
    command: withNode('kernels.js', {
      folder: set.once,
      ...benchRecipe(recipe),
      size: imageSize,
      workers,
      seconds,
      decode,
    }),
    group: 'loader',
    replica: null,
  });
}

function hasViews(name: string): boolean {
  return recipes.some((recipe) => recipe.name === name && recipe.views !== undefined);
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
    run: dataLoader({}),
  },
  {
    name: 'python-client',
    label: 'replica and Python client, uint8',
    ofRecipe: true,
    isCold: false,
    run: pythonClient({ files: 'many' }),
  },
  {
    name: 'python-client-positions',
    label: 'replica with positions and Python client, uint8',
    ofRecipe: true,
    isCold: false,
    positions: true,
    run: pythonClient({ files: 'many', backend: 'positions' }),
  },
  {
    name: 'dataloader-uint8',
    label: 'PyTorch DataLoader, ending in uint8',
    ofRecipe: true,
    isCold: false,
    run: dataLoader({ uint8: true }),
  },
  {
    name: 'opencv',
    label: 'PyTorch DataLoader on OpenCV, not exact',
    ofRecipe: true,
    isCold: false,
    run: openCv(),
  },
  {
    name: 'typescript-client',
    label: 'replica and TypeScript client, uint8',
    ofRecipe: true,
    isCold: false,
    run: typeScriptClient('many', false),
  },
  {
    name: 'python-client-float32',
    label: 'replica and Python client, float32 normalised',
    ofRecipe: true,
    isCold: false,
    run: pythonClient({ files: 'many', options: { data_type: 'float32', layout: 'nchw' } }),
  },
  ...['webgpu', 'webasm', 'auto'].map((backend) => ({
    name: backend,
    label: `replica on ${backend} and Python client, uint8`,
    ofRecipe: true,
    isCold: false,
    backend,
    run: pythonClient({ files: 'many', backend }),
  })),
  {
    name: 'dataloader-cold',
    label: 'PyTorch DataLoader, cold files',
    ofRecipe: true,
    isCold: true,
    run: dataLoader({ whole: true }),
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
    run: kernels('before'),
  },
  {
    name: 'views-once',
    label: 'several views of one decode, no replica',
    ofRecipe: true,
    isCold: false,
    run: (course) => (hasViews(course.recipe) ? kernels('once')(course) : null),
  },
  {
    name: 'views-each',
    label: 'several views, each of its own decode, no replica',
    ofRecipe: true,
    isCold: false,
    run: (course) => (hasViews(course.recipe) ? kernels('each')(course) : null),
  },
  {
    name: 'views-whole',
    label: 'several views, each of a decode of the whole file, no replica',
    ofRecipe: true,
    isCold: false,
    run: (course) => (hasViews(course.recipe) ? kernels('whole')(course) : null),
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
    name: 'turbo-decode',
    label: 'libjpeg-turbo decoding alone, whole files',
    ofRecipe: false,
    isCold: false,
    run: ({ set, seconds }) => ({
      command: withPython('turbo_decode.py', { folder: set.once, workers, seconds }),
      group: 'loader',
      replica: null,
    }),
  },
  {
    name: 'wire',
    label: 'wire alone: batches from memory to the Python client',
    ofRecipe: false,
    isCold: false,
    run: (course) => {
      const measured = fromMemory(course);
      return measured && { ...measured, command: ['env', 'TRIBUTARY_LEND=0', ...measured.command] };
    },
  },
  {
    name: 'lent',
    label: 'memory alone: batches from memory into what the Python client lends',
    ofRecipe: false,
    isCold: false,
    run: fromMemory,
  },
  {
    name: 'typescript-wire',
    label: 'wire alone: batches from memory to the TypeScript client',
    ofRecipe: false,
    isCold: false,
    run: (course) => typeScriptClient('once', true)({ ...course, epoch: 0 }),
  },
];
