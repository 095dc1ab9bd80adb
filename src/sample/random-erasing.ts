import type { Box } from './draw.js';
import { exp, log, roundHalfEven } from './float32.js';
import type { Generator } from './mersenne-twister.js';
import { drawLess } from './random-apply.js';

const scale = [0.02, 0.33] as const;
const logRatio = [log(0.3), log(3.3)] as const;

/**
 * Draws the box of RandomErasing, or null where it does not apply or no box fitted in ten tries. Upstream appends the
 * transform at every probability, so one value is drawn even at 0.
 *
 * Source: torchvision transforms.py, `RandomErasing.forward` and `RandomErasing.get_params`.
 *
 * @param size side of the augmented image, in pixels.
 */
export function drawRandomErasing(generator: Generator, size: number, probability: number): Box | null {
  if (!drawLess(generator, probability)) return null;
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = size * size * generator.uniform(scale[0], scale[1]);
    const aspectRatio = exp(generator.uniform(logRatio[0], logRatio[1]));
    const height = roundHalfEven(Math.sqrt(area * aspectRatio));
    const width = roundHalfEven(Math.sqrt(area / aspectRatio));
    if (height >= size || width >= size) continue;
    const top = generator.randint(0, size - height + 1);
    const left = generator.randint(0, size - width + 1);
    return { top, left, height, width };
  }
  return null;
}
