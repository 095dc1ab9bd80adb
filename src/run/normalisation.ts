/** ImageNet's mean per channel (R, G, B), in [0, 1]: what upstream's distillation trainer passes to Normalize. */
export const mean: readonly [number, number, number] = [0.485, 0.456, 0.406];

/** ImageNet's standard deviation per channel (R, G, B), in [0, 1]. */
export const std: readonly [number, number, number] = [0.229, 0.224, 0.225];
