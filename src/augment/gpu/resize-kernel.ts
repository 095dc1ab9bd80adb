// A weight `w`, 22-bit and signed, is `256 * high + low` with `low` in [-128, 127]; levels are at most 255. To 512 taps
// neither sum reaches 2^24, whatever the crop, so every step is whole in float32.
const tap = (pixel: string, weight: string) => `
      const packed = ${pixel};
      const weight = ${weight};
      const high = Math.floor(weight * 0.00390625 + 0.5);
      const low = weight - high * 256;
      const r = Math.floor(packed * 0.0000152587890625);
      const rest = packed - r * 65536;
      const g = Math.floor(rest * 0.00390625);
      const b = rest - g * 256;
      redHigh += r * high;
      redLow += r * low;
      greenHigh += g * high;
      greenLow += g * low;
      blueHigh += b * high;
      blueLow += b * low;`;

const start = ['redHigh', 'redLow', 'greenHigh', 'greenLow', 'blueHigh', 'blueLow']
  .map((name) => `let ${name} = 0;`)
  .join('\n  ');

// Pillow's (sum + 2^21) >> 22, clipped.
const level = (name: string) =>
  `Math.min(255, Math.max(0, Math.floor((${name}High + Math.floor(${name}Low * 0.00390625) + 8192) * 0.00006103515625)))`;

const packed = `const red = ${level('red')};
  const green = ${level('green')};
  const blue = ${level('blue')};
  return red * 65536 + green * 256 + blue;`;

/** Floats of a sample's entry: taps across, where its weights across start, the same down, its first row. */
export const sampleWidth = 5;

/** Where in a sample's entry each of them stands. */
export const sampleAt = { across: 0, acrossWeights: 1, down: 2, downWeights: 3, firstRow: 4 } as const;

/**
 * Pillow's horizontal pass, over every row of every crop of a run, to 8 bits, packed, `[columns, rows]`. Arguments: the
 * crops' pixels (cargo.ts), one after another; of each row its sample and its first pixel, `[2, rows]`; the samples' entries, `[5, n +
 * 1]`, the last one's taps 0, for rows that are not used; the first tap of each column, and of each row, of each sample,
 * `[size, 2n]`; all weights. Constants: `last`, the last column.
 *
 * Source: Pillow src/libImaging/Resample.c, `ImagingResampleHorizontal_8bpc`.
 */
export const resizeAcrossSource = `function (crops, rows, samples, starts, weights) {
  const x = Math.min(this.thread.x, this.constants.last);
  const sample = rows[this.thread.y][0];
  const taps = samples[sample][${sampleAt.across}];
  ${start}
  if (taps > 0) {
    const from = rows[this.thread.y][1] + starts[sample * 2][x];
    const first = samples[sample][${sampleAt.acrossWeights}] + x * taps;
    for (let k = 0; k < taps; k++) {${tap('crops[from + k]', 'weights[first + k]')}
    }
  }
  ${packed}
}`;

/**
 * Pillow's vertical pass over what the horizontal one left, packed, `[columns, size, n]`. A sample of no taps is black.
 *
 * Source: Pillow src/libImaging/Resample.c, `ImagingResampleVertical_8bpc`.
 */
export const resizeDownSource = `function (across, samples, starts, weights) {
  const x = this.thread.x;
  const y = this.thread.y;
  const z = this.thread.z;
  const taps = samples[z][${sampleAt.down}];
  ${start}
  if (taps > 0) {
    const from = samples[z][${sampleAt.firstRow}] + starts[z * 2 + 1][y];
    const first = samples[z][${sampleAt.downWeights}] + y * taps;
    for (let k = 0; k < taps; k++) {${tap('across[from + k][x]', 'weights[first + k]')}
    }
  }
  ${packed}
}`;
