import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import sharp from 'sharp';
import { python } from '../torchvision-process.js';

/** What the figures were measured on. */
export function describeMachine(): Record<string, unknown> {
  const script = [
    'import json, sys, torch, torchvision, PIL, grpc, numpy',
    'print(json.dumps(dict(python=sys.version.split()[0], torch=torch.__version__, torchvision=torchvision.__version__,',
    'pillow=PIL.__version__, grpcio=grpc.__version__, numpy=numpy.__version__)))',
  ].join('\n');
  return {
    cores: availableParallelism(),
    model: cpus()[0]?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    sharp: sharp.versions.sharp,
    libvips: sharp.versions.vips,
    ...(JSON.parse(execFileSync(python, ['-c', script], { encoding: 'utf8' })) as Record<string, string>),
  };
}
