import type { DrawStep, OperationName } from '../../sample/draw.js';
import { operationNames, operations } from '../operations/index.js';
import type { GpuOperation } from './gpu-operation.js';

/** How gpu.js runs the operation of this name; undefined where it does not. */
export function gpuOperation(name: OperationName): GpuOperation<DrawStep> | undefined {
  return operations[name].gpu as GpuOperation<DrawStep> | undefined;
}

/** The code of an operation in a program: its place in the registry, counted from 1. */
export function codeOf(name: OperationName): number {
  return operationNames.indexOf(name) + 1;
}

/** Kernel source: statements that change the levels `names` by the operation whose code is `code`, where levels suffice. */
export function levelBranches(names: readonly string[], code: string, parameter: string): string {
  const branches = operationNames.flatMap((name) => {
    const gpu = gpuOperation(name);
    if (gpu?.kind !== 'level') return [];
    const changes = names.map((x) => `${x} = ${gpu.level(x, parameter)};`);
    return `if (${code} === ${codeOf(name)}) { ${changes.join(' ')} }`;
  });
  return branches.join('\n    ');
}

/** Kernel source: the same for the operations that take a whole pixel. */
export function pixelBranches(code: string): string {
  const branches = operationNames.flatMap((name) => {
    const gpu = gpuOperation(name);
    return gpu?.kind === 'pixel' ? [`if (${code} === ${codeOf(name)}) {${gpu.source}\n    }`] : [];
  });
  return branches.join('\n    ');
}
