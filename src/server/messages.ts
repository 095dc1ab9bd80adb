import type { BatchHeader } from '../../protos/generated/tributary/v1/BatchHeader.js';
import type { DescribeRunResponse } from '../../protos/generated/tributary/v1/DescribeRunResponse.js';
import type { Sample } from '../../protos/generated/tributary/v1/Sample.js';
import type { Batch, BatchSample } from '../batch/batch.js';
import { formatCursor, nextCursor } from '../plan/cursor.js';
import { shares } from '../plan/mixing.js';
import { mean, std } from '../run/normalisation.js';
import { version } from '../run/version.js';
import type { OpenRun } from '../runs/open-run.js';

/** What an opened run is, as DescribeRun answers. */
export function describeRun(open: OpenRun, backend: string): DescribeRunResponse {
  const { run, manifests } = open;
  const parts = shares(open.plan);
  const { wd_end, wd_schedule, beta2, warmup_epochs, weight_decay, grad_clip, lr0, lrf, epochs, momentum } =
    run.training;
  return {
    name: run.name,
    fingerprint: open.fingerprint,
    recipe: run.recipe,
    knobs: {
      hsvH: run.knobs.hsv_h,
      hsvS: run.knobs.hsv_s,
      hsvV: run.knobs.hsv_v,
      colorJitter: run.knobs.color_jitter,
      grayscale: run.knobs.grayscale,
      gaussianBlur: run.knobs.gaussian_blur,
      solarize: run.knobs.solarize,
      erasing: run.knobs.erasing,
      autoAugment: run.knobs.auto_augment ?? '',
      forceColorJitter: run.knobs.force_color_jitter,
      fliplr: run.knobs.fliplr,
      flipud: run.knobs.flipud,
      scale: [...run.knobs.scale],
      ratio: [...run.knobs.ratio],
      interpolation: run.knobs.interpolation,
    },
    training: {
      lr0,
      lrf,
      weightDecay: weight_decay,
      wdEnd: wd_end ?? 0,
      warmupEpochs: warmup_epochs,
      epochs,
      momentum,
      gradClip: grad_clip,
      wdSchedule: wd_schedule,
      ...(beta2 === null ? {} : { beta2 }),
    },
    sources: manifests.map((manifest, i) => ({
      name: manifest.source,
      sampleCount: manifest.count,
      share: parts[i]!,
      fingerprint: manifest.fingerprint,
      layout: manifest.layout,
      classNames: [...manifest.classNames],
    })),
    stepsPerEpoch: open.stepsPerEpoch,
    samplesPerEpoch: open.samplesPerEpoch,
    globalBatch: run.global_batch,
    imageSize: run.image_size,
    seed: run.seed,
    split: run.split,
    sampleT: run.sample_t,
    sampling: run.sampling,
    mean: [...mean],
    std: [...std],
    version,
    onCorrupt: run.on_corrupt,
    backend,
  };
}

/** The header of a finished batch. */
export function batchHeader(open: OpenRun, batch: Batch, samples: Sample[]): BatchHeader {
  const { address } = batch;
  const next = nextCursor(address.epoch, address.step, open.stepsPerEpoch);
  return {
    run: open.run.name,
    fingerprint: open.fingerprint,
    address,
    ...address,
    shape: [...batch.shape],
    dataType: `DATA_TYPE_${batch.form.type}`,
    layout: `LAYOUT_${batch.form.axes}`,
    byteSize: batch.data.length,
    samples,
    nextCursor: formatCursor({ fingerprint: open.fingerprint, ...next }),
    stepsPerEpoch: open.stepsPerEpoch,
  };
}

/** One slot of a finished batch. */
export function batchSample(sample: BatchSample, withDrawn: boolean): Sample {
  const { source, key, seed, pass, label, draw, corrupt } = sample;
  return {
    source,
    key,
    seed,
    pass,
    ...(label === null ? {} : { label: label.index, className: label.name }),
    erase: draw.erase,
    status: corrupt.length === 0 ? 'SAMPLE_STATUS_OK' : 'SAMPLE_STATUS_SUBSTITUTED',
    corruptKeys: corrupt.map(({ key }) => key),
    corruptReasons: corrupt.map(({ reason }) => reason),
    ...(withDrawn ? { drawn: JSON.stringify(draw) } : {}),
  };
}
