import { blurRadius, blurWeights } from '../blur-weights.js';
import { levelBranches } from './codes.js';

/** Operations on levels that may follow a blur, at most. */
export const tailLength = 2;

const at = { blurs: 0, whole: 1, high: 6, low: 11, tail: 16 } as const;

/** Floats of a sample's blur: whether it blurs, its weights whole, high and low, and codes and parameters of what follows. */
export const blurWidth = at.tail + 2 * tailLength;

const reach = [1, 2, 3, 4] as const;

/**
 * @param sigma standard deviation in pixels, float32.
 * @param tail code and parameter of the operations that follow.
 * @param target float32 `[blurWidth]`, zeroed.
 */
export function writeBlur(sigma: number, tail: readonly (readonly [number, number])[], target: Float32Array): void {
  const weights = blurWeights(sigma);
  target[at.blurs] = 1;
  target.set(tail.flat(), at.tail);
  for (let j = 0; j <= blurRadius; j++) {
    const weight = weights[blurRadius + j]!;
    target[at.whole + j] = weight;
    target[at.high + j] = weight >> 8;
    target[at.low + j] = weight & 255;
  }
}

/** Packed pixels of the samples that blur, one channel a plane: `[columns, rows, 3n]`, sample by sample. */
export const planesSource = `function (pixels, blur) {
  const sample = Math.floor((this.thread.z + 0.5) * 0.3333333333333333);
  const channel = this.thread.z - sample * 3;
  let level = 0;
  if (blur[sample][${at.blurs}] > 0) {
    const packed = pixels[sample][this.thread.y][this.thread.x];
    const r = Math.floor(packed * 0.0000152587890625);
    const rest = packed - r * 65536;
    const g = Math.floor(rest * 0.00390625);
    if (channel < 0.5) {
      level = r;
    } else {
      if (channel < 1.5) {
        level = g;
      } else {
        level = rest - g * 256;
      }
    }
  }
  return level;
}`;

/**
 * GaussianBlur across: `H = sum(w * p)`, whole, below 2^24, `[columns, rows, 3n]`. Borders reflect without repeating the
 * edge. Taps of weight 0, as a small sigma has them, are not read.
 *
 * Source: torchvision/transforms/functional_tensor.py, `gaussian_blur`.
 */
export const blurAcrossSource = `function (planes, blur) {
  const x = this.thread.x;
  const y = this.thread.y;
  const z = this.thread.z;
  const sample = Math.floor((z + 0.5) * 0.3333333333333333);
  let sum = 0;
  if (blur[sample][${at.blurs}] > 0) {
    sum = blur[sample][${at.whole}] * planes[z][y][x];
    ${reach
      .map(
        (j) => `const weight${j} = blur[sample][${at.whole + j}];
    if (weight${j} > 0) {
      sum += weight${j} * (planes[z][y][Math.abs(x - ${j})] + planes[z][y][this.constants.last - Math.abs(this.constants.last - x - ${j})]);
    }`,
      )
      .join('\n    ')}
  }
  return sum;
}`;

const tap = (j: number, rows: readonly string[]) => {
  const terms = rows.map(
    (row, i) => `
      const tap${j}${i} = across[plane][${row}][x];
      const high${j}${i} = Math.floor(tap${j}${i} * 0.000244140625);`,
  );
  const high = rows.map((_, i) => `high${j}${i}`).join(' + ');
  const low = rows.map((_, i) => `(tap${j}${i} - high${j}${i} * 4096)`).join(' + ');
  return `${terms.join('')}
      const highs${j} = ${high};
      const lows${j} = ${low};
      const weightHigh${j} = blur[z][${at.high + j}];
      const weightLow${j} = blur[z][${at.low + j}];
      hh += weightHigh${j} * highs${j};
      hl += weightHigh${j} * lows${j};
      lh += weightLow${j} * highs${j};
      ll += weightLow${j} * lows${j};`;
};

const followers = Array.from({ length: tailLength }, (_, k) => {
  const code = `code${k}`;
  return `const ${code} = blur[z][${at.tail + 2 * k}];
      if (${code} > 0) {
        const parameter${k} = blur[z][${at.tail + 2 * k + 1}];
        ${levelBranches(['level'], code, `parameter${k}`)}
      }`;
});

/**
 * GaussianBlur down, then what follows it: `out = floor((V + 2^31) / 2^32)` with `V = sum(w * H)` below 2^40, packed,
 * `[columns, rows, n]`. `H = 4096 a + b` and `w = 256 c + d` give four sums below 2^24; carries are passed on from the
 * least to the most significant. Samples that do not blur pass through from `pixels`.
 */
export const blurDownSource = `function (pixels, across, blur) {
  const x = this.thread.x;
  const y = this.thread.y;
  const z = this.thread.z;
  let packed = 0;
  if (blur[z][${at.blurs}] > 0) {
    for (let c = 0; c < 3; c++) {
      const plane = z * 3 + c;
      let hh = 0;
      let hl = 0;
      let lh = 0;
      let ll = 0;${tap(0, ['y'])}
      ${reach
        .map(
          (j) => `if (blur[z][${at.whole + j}] > 0) {${tap(j, [
            `Math.abs(y - ${j})`,
            `this.constants.last - Math.abs(this.constants.last - y - ${j})`,
          ])}
      }`,
        )
        .join('\n      ')}
      const fromLow = hl + Math.floor(ll * 0.00390625);
      const fromMiddle = lh + Math.floor(fromLow * 0.0625);
      let level = Math.floor((hh + 2048 + Math.floor(fromMiddle * 0.00390625)) * 0.000244140625);
      ${followers.join('\n      ')}
      packed = packed * 256 + level;
    }
  } else {
    packed = pixels[z][y][x];
  }
  return packed;
}`;
