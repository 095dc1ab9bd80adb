import { mean, std } from '../run/normalisation.js';
import type { Box } from '../sample/draw.js';

/** The types of a batch's values, by the contract's names. All little-endian. */
export const dataTypes = ['UINT8', 'FLOAT32', 'FLOAT16', 'BFLOAT16'] as const;
export type DataType = (typeof dataTypes)[number];

/** The orders of a batch's axes: sample, row, column, channel; or sample, channel, row, column. */
export const allAxes = ['NHWC', 'NCHW'] as const;
export type Axes = (typeof allAxes)[number];

/** The orders of a group's views in its tensor: the first view of all samples, then the second; or all views of a sample. */
export type ViewOrder = 'VIEW_MAJOR' | 'SAMPLE_MAJOR';

/** What a batch's tensors are made of. */
export interface TensorForm {
  readonly type: DataType;
  readonly axes: Axes;
  /** As DINO's collate has it where absent: `VIEW_MAJOR`. */
  readonly order?: ViewOrder;
}

/** Whether a tensor of this form is the pixels as the kernels leave them, so that nothing is packed. */
export function isPixels({ type, axes }: TensorForm): boolean {
  return type === 'UINT8' && axes === 'NHWC';
}

/** Bytes of one value. */
export const bytesPerValue: Readonly<Record<DataType, number>> = { UINT8: 1, FLOAT32: 4, FLOAT16: 2, BFLOAT16: 2 };

/** Bytes of one sample of `size` x `size` pixels. */
export function sampleBytes(type: DataType, size: number): number {
  return size * size * 3 * bytesPerValue[type];
}

/** The tensor's shape for `count` samples, in the order of its axes. */
export function tensorShape(axes: Axes, count: number, size: number): readonly number[] {
  return axes === 'NHWC' ? [count, size, size, 3] : [count, 3, size, size];
}

/**
 * ToTensor then Normalize of every value of every channel, float32: `fround(fround(fround(v / 255) - mean) / std)`.
 * Entry `channel * 256 + value`. Equal to torchvision transforms/functional.py `to_tensor` and `normalize` bit for bit.
 */
export const normalised: Float32Array = new Float32Array(3 * 256).map((_, entry) => {
  const channel = entry >> 8;
  const unit = Math.fround((entry & 255) / 255);
  return Math.fround(Math.fround(unit - Math.fround(mean[channel]!)) / Math.fround(std[channel]!));
});

/** Rounds a float32 to IEEE binary16, nearest even; normalised values never leave its normal range but for zero. */
function toFloat16(value: number): number {
  const bits = float32Bits(value);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const mantissa = bits & 0x7fffff;
  if (exponent <= 0) {
    if (exponent < -10) return sign;
    return sign | roundShift(mantissa | 0x800000, 14 - exponent);
  }
  // The carry out of the mantissa is meant to reach the exponent.
  return sign | roundShift((exponent << 23) | mantissa, 13);
}

/** Rounds a float32 to bfloat16, nearest even. */
function toBfloat16(value: number): number {
  return roundShift(float32Bits(value), 16) & 0xffff;
}

const scratch = new DataView(new ArrayBuffer(4));
function float32Bits(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

function roundShift(bits: number, shift: number): number {
  const whole = Math.floor(bits / 2 ** shift);
  const rest = bits - whole * 2 ** shift;
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && whole % 2 === 1) ? whole + 1 : whole;
}

const tables: Readonly<Record<Exclude<DataType, 'UINT8'>, Float32Array | Uint16Array>> = {
  FLOAT32: normalised,
  FLOAT16: Uint16Array.from(normalised, toFloat16),
  BFLOAT16: Uint16Array.from(normalised, toBfloat16),
};

/**
 * Writes one sample into its place of a batch's tensor. UINT8 keeps the pixels as they are, unerased; the other types are
 * normalised, and the erase box is zero after that, as RandomErasing leaves it.
 *
 * @param pixels uint8 RGB `[size, size, 3]`.
 * @param out the sample's bytes of the tensor, aligned to its values.
 */
export function packSample(
  pixels: Uint8Array,
  size: number,
  form: TensorForm,
  erase: Box | null,
  out: Uint8Array,
): void {
  const area = size * size;
  if (form.type === 'UINT8') {
    if (form.axes === 'NHWC') {
      out.set(pixels);
      return;
    }
    for (let i = 0, j = 0; i < area; i++, j += 3) {
      out[i] = pixels[j]!;
      out[area + i] = pixels[j + 1]!;
      out[2 * area + i] = pixels[j + 2]!;
    }
    return;
  }
  const table = tables[form.type];
  const values =
    form.type === 'FLOAT32'
      ? new Float32Array(out.buffer, out.byteOffset, area * 3)
      : new Uint16Array(out.buffer, out.byteOffset, area * 3);
  const pixelStride = form.axes === 'NHWC' ? 3 : 1;
  const channelStride = form.axes === 'NHWC' ? 1 : area;
  for (let i = 0, j = 0, k = 0; i < area; i++, j += 3, k += pixelStride) {
    values[k] = table[pixels[j]!]!;
    values[k + channelStride] = table[256 + pixels[j + 1]!]!;
    values[k + 2 * channelStride] = table[512 + pixels[j + 2]!]!;
  }
  if (erase === null) return;
  for (let row = erase.top; row < erase.top + erase.height; row++) {
    const start = row * size + erase.left;
    if (form.axes === 'NHWC') values.fill(0, start * 3, (start + erase.width) * 3);
    else for (let c = 0; c < 3; c++) values.fill(0, c * area + start, c * area + start + erase.width);
  }
}
