/** What the bench calls a recipe: one of the product's, or `crop`, which is crop and flip alone. */
export interface BenchRecipe {
  readonly recipe: string;
  /** Knobs that differ from the recipe's. */
  readonly knobs: Readonly<Record<string, number>>;
}

const cropAndFlip = { hsv_h: 0, hsv_s: 0, hsv_v: 0, color_jitter: 0, grayscale: 0, gaussian_blur: 0, solarize: 0 };

/** A recipe by the name that `--recipes` gives it. */
export function benchRecipe(name: string): BenchRecipe {
  return name === 'crop' ? { recipe: 'dinov3', knobs: cropAndFlip } : { recipe: name, knobs: {} };
}
