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
  const kernel = Array.from({ length: blurRadius + 1 }, (_, i) => Math.exp(-0.5 * (i / sigma) ** 2));
  const sum = kernel.reduce((total, k, i) => total + (i === 0 ? k : 2 * k), 0);
  const sides = roundSides(kernel.slice(1).map((k) => (k / sum) * 65536));
  const centre = 65536 - 2 * sides.reduce((total, weight) => total + weight, 0);
  return Int32Array.from([...sides.toReversed(), centre, ...sides]);
}

/**
 * Rounds the side weights up or down, whichever leaves the least square error over all nine. Rounded one by one, their
 * errors can add up in the centre, and move a level further than docs/exactness.md promises.
 */
function roundSides(exact: readonly number[]): number[] {
  // Once a blurred view: without a list for each choice.
  const rounded = (choice: number, i: number): number => Math.floor(exact[i]!) + ((choice >> i) & 1);
  let least = Number.POSITIVE_INFINITY;
  let chosen = 0;
  for (let choice = 0; choice < 1 << exact.length; choice++) {
    let sum = 0;
    for (let i = 0; i < exact.length; i++) sum += rounded(choice, i) - exact[i]!;
    let square = (2 * sum) ** 2;
    for (let i = 0; i < exact.length; i++) square += 2 * (rounded(choice, i) - exact[i]!) ** 2;
    if (square >= least) continue;
    least = square;
    chosen = choice;
  }
  return exact.map((_, i) => rounded(chosen, i));
}
