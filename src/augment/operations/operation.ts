import type { DrawStepOf, OperationName } from '../../sample/draw.js';
import type { GpuOperation } from '../gpu/gpu-operation.js';
import type { SimdImage } from '../simd/image.js';

/** Where one operation runs. Both kernels give the same bytes, which are Pillow's. */
export interface Operation<Name extends OperationName> {
  /** Runs it on a worker thread's kernels. */
  readonly simd: (image: SimdImage, step: DrawStepOf<Name>) => void;
  /** How gpu.js runs it; absent where worker threads alone do. */
  readonly gpu?: GpuOperation<DrawStepOf<Name>>;
}
