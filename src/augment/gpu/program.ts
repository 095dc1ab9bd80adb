import type { Draw } from '../../sample/draw.js';
import { contrast } from './contrast.js';
import { writeBlur } from './gaussian-blur.js';
import { grayscale } from './grayscale.js';
import { programStart, type SampleArguments } from './operation.js';
import { codeOf, pointOperations } from './operations.js';
import { solarize } from './solarize.js';

/** The part of a draw that these kernels act on. */
export type PhotometricDraw = Pick<Draw, 'jitter' | 'grayscale' | 'blur' | 'solarize'>;

const contrastCode = codeOf(contrast);

/** The codes of ColorJitter's operations that apply, in their drawn order. */
function jitterCodes({ jitter }: PhotometricDraw): number[] {
  if (jitter === null) return [];
  const factors = [jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue];
  return jitter.order.filter((place) => factors[place] !== null).map((place) => place + 1);
}

/** Whether a draw takes the image's mean grey level. */
export function takesMean({ jitter }: PhotometricDraw): boolean {
  return jitter !== null && jitter.contrast !== null;
}

/**
 * Translates a draw into the arguments of one sample. What stands before contrast, or everything where there is none, runs
 * in the first pass; contrast needs the mean of that pass's result. Solarize of a sample that blurs waits for the blur.
 *
 * @param target zeroed by the caller.
 * @param blur float32 `[17]`, zeroed by the caller.
 */
export function writeSample(draw: PhotometricDraw, target: SampleArguments, blur: Float32Array): void {
  const { jitter, blur: sigma } = draw;
  const codes = jitterCodes(draw);
  if (draw.grayscale) codes.push(codeOf(grayscale));
  if (draw.solarize && sigma === null) codes.push(codeOf(solarize));
  const split = codes.indexOf(contrastCode);
  const before = split < 0 ? codes : codes.slice(0, split);
  target.program.set(before, programStart.before);
  if (split >= 0) target.program.set(codes.slice(split), programStart.after);
  if (jitter !== null) for (const code of codes) pointOperations[code - 1]!.prepare?.(jitter, target);
  if (sigma !== null) writeBlur(sigma, draw.solarize, blur);
}
