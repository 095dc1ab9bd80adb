import type { Box } from './draw.js';
import { exp, log, roundHalfEven } from './float32.js';
import type { Generator } from './mersenne-twister.js';

/**
 * Draws the crop box of RandomResizedCrop: up to ten tries at an area and a shape, then the centre crop whose shape is
 * nearest.
 *
 * Source: torchvision transforms.py, `RandomResizedCrop.get_params`.
 *
 * @param image width and height of the stored image, in pixels.
 * @param scale bounds of the crop's area over the image's.
 * @param ratio bounds of the crop's width over its height.
 */
export function drawRandomResizedCrop(
  generator: Generator,
  image: { readonly width: number; readonly height: number },
  scale: readonly [number, number],
  ratio: readonly [number, number],
): Box {
  const { width, height } = image;
  const area = height * width;
  const logRatio = [log(ratio[0]), log(ratio[1])] as const;
  for (let attempt = 0; attempt < 10; attempt++) {
    const targetArea = area * generator.uniform(scale[0], scale[1]);
    const aspectRatio = exp(generator.uniform(logRatio[0], logRatio[1]));
    const w = roundHalfEven(Math.sqrt(targetArea * aspectRatio));
    const h = roundHalfEven(Math.sqrt(targetArea / aspectRatio));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      const top = generator.randint(0, height - h + 1);
      const left = generator.randint(0, width - w + 1);
      return { top, left, height: h, width: w };
    }
  }
  return centreCrop(width, height, Math.min(...ratio), Math.max(...ratio));
}

function centreCrop(width: number, height: number, narrowest: number, widest: number): Box {
  let w = width;
  let h = height;
  if (width / height < narrowest) h = roundHalfEven(width / narrowest);
  else if (width / height > widest) w = roundHalfEven(height * widest);
  return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), height: h, width: w };
}
