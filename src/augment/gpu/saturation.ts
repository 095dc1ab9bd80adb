import { lumaSource, writeProducts } from './blend.js';
import { type PointOperation, productsStart } from './operation.js';

const blended = (channel: string) =>
  `Math.min(255, Math.max(0, Math.floor(Math.fround(grey + products[z][${productsStart.saturation + 255} + ${channel} - grey]))))`;

/**
 * ColorJitter's saturation: a blend of each pixel with its own grey level.
 *
 * Source: torchvision/transforms/functional_pil.py, `adjust_saturation`; Pillow ImageEnhance.Color.
 */
export const saturation: PointOperation = {
  name: 'saturation',
  source: `
    const grey = ${lumaSource};
    r = ${blended('r')};
    g = ${blended('g')};
    b = ${blended('b')};`,
  prepare({ saturation }, { products }) {
    writeProducts(saturation!, products.subarray(productsStart.saturation, productsStart.saturation + 512));
  },
};
