import type { Run, ViewGroup } from '../run/run.js';

import type { Draw, SampleDraw } from './draw.js';
import { drawEvaluation } from './draw-evaluation.js';
import { drawColour, drawView, type ImageSides, resized } from './draw-train.js';
import { mersenneTwister } from './mersenne-twister.js';

/** What of a run decides a sample's draws, beside its seed and the size of its image. */
export interface Drawing extends Pick<Run, 'evaluate' | 'share_color_jitter' | 'resize_size'> {
  /** The groups of this step's samples; one view where the run has one, or evaluates. */
  readonly views: readonly ViewGroup[];
}

/** What of a run decides its samples' draws, with the groups of one step. */
export function drawingOf({ evaluate, share_color_jitter, resize_size }: Run, views: readonly ViewGroup[]): Drawing {
  return { evaluate, share_color_jitter, resize_size, views };
}

/**
 * All that is drawn for one sample after `torch.manual_seed(seed)`: one generator goes through its views in their order.
 *
 * Source: dinov2 and dinov3 data/augmentations.py, `DataAugmentationDINO.__call__`; of one view as `drawTrain` and `drawEvaluation`
 * have it.
 *
 * @param seed an integer in [0, 2^32).
 * @param image width and height of the stored image, in pixels.
 * @throws TributaryError as `drawEvaluation`.
 */
export function drawSample(seed: number, image: ImageSides, drawing: Drawing): SampleDraw {
  const { views, evaluate, share_color_jitter: sharesColour, resize_size } = drawing;
  const [first] = views as [ViewGroup];
  if (evaluate)
    return { shared: [], views: [drawEvaluation(image, resize_size, first.size, first.knobs[0]!.interpolation)] };
  const generator = mersenneTwister(seed);
  const shared = sharesColour ? drawColour(generator, first.knobs[0]!) : [];
  const drawn = new Map<string, readonly Draw[]>();
  for (const { name, size, of, knobs } of views) {
    if (of !== null) continue;
    const base = Math.max(size, ...views.filter((other) => other.of === name).map((other) => other.size));
    drawn.set(
      name,
      knobs.map((own) => drawView(generator, image, size, own, { base, sharesColour })),
    );
  }
  return {
    shared,
    views: views.flatMap((group) => drawn.get(group.name) ?? undistorted(group, drawn.get(group.of!)!)),
  };
}

/** Draws of a group that shows another's crops. */
function undistorted({ size, knobs }: ViewGroup, others: readonly Draw[]): Draw[] {
  return knobs.map(({ interpolation }, view) => {
    const { geometry } = others[view]!;
    return { geometry, steps: resized(geometry.width, size, interpolation), erase: null };
  });
}

/** A sample's draw as JSON has it: of one view that view's draw alone. */
export function drawnJson({ shared, views }: SampleDraw): object {
  return shared.length === 0 && views.length === 1 ? views[0]! : { shared, views };
}
