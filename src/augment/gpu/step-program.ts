import type { DrawStep, DrawStepOf } from '../../sample/draw.js';
import { productTable, writeProducts } from './blend.js';
import { tailLength, writeBlur } from './blur-kernel.js';
import { codeOf, gpuOperation } from './codes.js';

/** Means of one sample at most, the operations that one list holds, and the tables of products of one sample. */
const meansOfProgram = 2;
export const codesOfList = 7;
const tablesOfProgram = 4;

// Pairs of a code and its parameter, ended by a code of 0.
const listWidth = 2 * codesOfList + 1;

/** Floats of a sample's program: lists one after another, of which each but the first begins with what takes a mean. */
export const programWidth = listWidth * (meansOfProgram + 1);

/** Floats of a sample's tables of products. */
export const productsWidth = productTable * tablesOfProgram;

/** Where in a program a list starts. */
export function startOfList(list: number): number {
  return listWidth * list;
}

/** Steps as one run of a device takes them. */
interface Program {
  /** The passes; each but the first begins with what takes a mean. */
  readonly lists: readonly (readonly DrawStep[])[];
  readonly blur: DrawStepOf<'gaussianBlur'> | null;
  /** Operations on levels that follow the blur. */
  readonly tail: readonly DrawStep[];
}

/** The program of steps, or null where one run of a device does not take them all. Where it does, it takes every suffix of them. */
export function programOf(steps: readonly DrawStep[]): Program | null {
  const lists: DrawStep[][] = [[]];
  const tail: DrawStep[] = [];
  let blur: Program['blur'] = null;
  let tables = 0;
  for (const step of steps) {
    const gpu = gpuOperation(step.op);
    if (gpu === undefined || (blur !== null && gpu.kind !== 'level')) return null;
    if (blur !== null) tail.push(step);
    else if (step.op === 'gaussianBlur') blur = step;
    else {
      if (gpu.kind === 'pixel' && gpu.takesMean) lists.push([]);
      if (gpu.kind === 'pixel' && gpu.factor) tables++;
      lists.at(-1)!.push(step);
    }
  }
  const fits =
    lists.length <= meansOfProgram + 1 &&
    lists.every((list) => list.length <= codesOfList) &&
    tail.length <= tailLength &&
    tables <= tablesOfProgram;
  return fits ? { lists, blur, tail } : null;
}

/** Writes a program as one sample's share of the arguments of a run, `program` and `blur` zeroed by the caller. */
export function writeSample(
  { lists, blur: blurred, tail }: Program,
  { program, products, blur }: Readonly<Record<'program' | 'products' | 'blur', Float32Array>>,
): void {
  let table = 0;
  for (const [list, some] of lists.entries())
    for (const [k, step] of some.entries()) {
      const at = startOfList(list) + 2 * k;
      const gpu = gpuOperation(step.op)!;
      program[at] = codeOf(step.op);
      if (gpu.kind === 'pixel' && gpu.factor) {
        writeProducts(gpu.factor(step), products.subarray(table, table + productTable));
        program[at + 1] = table;
        table += productTable;
      } else program[at + 1] = parameterOf(step);
    }
  if (blurred !== null)
    writeBlur(
      blurred.sigma,
      tail.map((step) => [codeOf(step.op), parameterOf(step)]),
      blur,
    );
}

function parameterOf(step: DrawStep): number {
  const gpu = gpuOperation(step.op)!;
  return gpu.kind === 'blur' ? 0 : (gpu.parameter?.(step) ?? 0);
}
