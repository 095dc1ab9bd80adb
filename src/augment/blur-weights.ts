/** Pixels on each side of the centre that torchvision's 9-tap kernel reaches. */
export const blurRadius = 4;

/**
 * The nine integer weights of GaussianBlur(kernel_size=9) at one sigma, in 2^-16, summing to 65536, so that flat areas
 * keep their value. Every backend blurs with these: horizontal sums `H = sum(w * p)` kept whole, vertical sums
 * `V = sum(w * H)`, `out = (V + 2^31) >> 32`, borders reflected without repeating the edge.
 *
 * Source: torchvision/transforms/functional_tensor.py, `_get_gaussian_kernel1d`, whose float32 weights these round.
 *
 * @param sigma standard deviation in pixels, above 0, float32 as drawn.
 * @returns int32 `[9]`; index 4 is the centre.
 */
export function blurWeights(sigma: number): Int32Array {
  const kernel = Array.from({ length: 2 * blurRadius + 1 }, (_, i) => Math.exp(-0.5 * ((i - blurRadius) / sigma) ** 2));
  const sum = kernel.reduce((a, b) => a + b, 0);
  const weights = Int32Array.from(kernel, (k) => Math.floor((k / sum) * 65536 + 0.5));
  weights[blurRadius]! += 65536 - weights.reduce((a, b) => a + b, 0);
  return weights;
}
