import { lumaSource, productAt } from './blend.js';
import { codeOf } from './codes.js';

/**
 * Sums of grey levels down each column, `[columns, n]`: below 2^24 to 65,793 rows. Column by column, so that
 * neighbouring threads read neighbouring pixels. Samples whose list at `start` does not begin with contrast are left at 0.
 */
export const columnSumsSource = `function (pixels, program, start) {
  const z = this.thread.y;
  const x = this.thread.x;
  let sum = 0;
  if (program[z][start] === ${codeOf('contrast')}) {
    for (let y = 0; y < this.constants.size; y++) {
      const packed = pixels[z][y][x];
      const r = Math.floor(packed * 0.0000152587890625);
      const rest = packed - r * 65536;
      const g = Math.floor(rest * 0.00390625);
      const b = rest - g * 256;
      sum += ${lumaSource};
    }
  }
  return sum;
}`;

/**
 * Mean grey level `floor(sum / N + 0.5)` of each sample, `[n]`. The total is kept in two parts (`high * 1024 + low`), and
 * so is N, so that the remainder that decides the rounding is exact to 4096 x 4096 pixels.
 */
export const meanSource = `function (columns) {
  const z = this.thread.x;
  let high = 0;
  let low = 0;
  for (let x = 0; x < this.constants.size; x++) {
    const column = columns[z][x];
    const part = Math.floor(column * 0.0009765625);
    high += part;
    low += column - part * 1024;
  }
  const count = this.constants.countHigh * 1024 + this.constants.countLow;
  let mean = Math.floor((high * 1024 + low) / count + 0.5);
  const rest = (high - mean * this.constants.countHigh) * 1024 + (low - mean * this.constants.countLow);
  const step = rest * 2 >= count ? 1 : (rest * 2 < 0 - count ? -1 : 0);
  return mean + step;
}`;

/**
 * Contrast's output for each of 256 levels, `[256, n]`: one addition, clipped and truncated. The list at `start` begins with
 * contrast, and so with where its products lie.
 */
export const contrastTableSource = `function (means, products, program, start) {
  const z = this.thread.y;
  const mean = means[z];
  const level = this.thread.x;
  const parameter = program[z][start + 1];
  return Math.min(255, Math.max(0, Math.floor(Math.fround(mean + ${productAt('level - mean')}))));
}`;
