import { crc32 } from 'node:zlib';
import type { ViewGroup } from '../run/run.js';
import { isOneView } from '../run/views.js';
import { combineCrc32 } from './crc32.js';
import { sampleBytes, type TensorForm, tensorShape } from './tensor.js';

/** Where the views of one group lie in a batch's bytes. */
export interface GroupTensor {
  readonly name: string;
  /** Side of its images, in pixels. */
  readonly size: number;
  /** Views of each sample. */
  readonly count: number;
  readonly shape: readonly number[];
  /** Bytes before its tensor: a multiple of `alignment`. */
  readonly offset: number;
  readonly byteSize: number;
  /** Bytes of one view. */
  readonly viewBytes: number;
  /** Bytes from one sample's view to the next sample's, and from one view of a sample to its next. */
  readonly slotStride: number;
  readonly viewStride: number;
}

/** Tensors of a batch start at multiples of so many bytes. */
const alignment = 64;

/** The tensors of a batch of so many samples, one after the other. */
export function groupTensors(
  views: readonly ViewGroup[],
  samples: number,
  { type, axes, order }: TensorForm,
): readonly GroupTensor[] {
  let end = 0;
  return views.map(({ name, size, knobs: { length: count } }) => {
    const offset = Math.ceil(end / alignment) * alignment;
    const viewBytes = sampleBytes(type, size);
    const byteSize = samples * count * viewBytes;
    end = offset + byteSize;
    const isSampleMajor = order === 'SAMPLE_MAJOR';
    return {
      ...{ name, size, count, offset, byteSize, viewBytes },
      shape: tensorShape(axes, samples * count, size),
      slotStride: isSampleMajor ? count * viewBytes : viewBytes,
      viewStride: isSampleMajor ? viewBytes : samples * viewBytes,
    };
  });
}

/** Bytes of all tensors and of what lies between them. */
export function totalBytes(tensors: readonly GroupTensor[]): number {
  const { offset, byteSize } = tensors.at(-1)!;
  return offset + byteSize;
}

/** Where a view's bytes begin. */
export function placeOf({ offset, slotStride, viewStride }: GroupTensor, slot: number, view: number): number {
  return offset + slot * slotStride + view * viewStride;
}

/** The shape that a header gives: that of the one view's tensor, or of several tensors all their bytes in a row. */
export function shapeOf(tensors: readonly GroupTensor[], views: readonly ViewGroup[]): readonly number[] {
  return isOneView(views) ? tensors[0]!.shape : [totalBytes(tensors)];
}

/** Clears what lies between the tensors. */
export function clearGaps(tensors: readonly GroupTensor[], data: Uint8Array): void {
  let end = 0;
  for (const { offset, byteSize } of tensors) {
    data.fill(0, end, offset);
    end = offset + byteSize;
  }
}

/** The CRC-32 of all bytes, from those of the views by the place where each begins. */
export function combineViews(tensors: readonly GroupTensor[], crcOf: (place: number) => number): number {
  let crc = 0;
  let end = 0;
  for (const { offset, byteSize, viewBytes } of tensors) {
    const views = Array.from({ length: byteSize / viewBytes }, (_, i) => crcOf(offset + i * viewBytes));
    crc = combineCrc32([crc, crc32(new Uint8Array(offset - end))], offset - end);
    crc = combineCrc32([crc, ...views], viewBytes);
    end = offset + byteSize;
  }
  return crc;
}
