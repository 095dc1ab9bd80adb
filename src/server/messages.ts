import type { BatchHeader } from '../../protos/generated/tributary/v1/BatchHeader.js';
import type { DescribeRunResponse } from '../../protos/generated/tributary/v1/DescribeRunResponse.js';
import type { Knobs as KnobsMessage } from '../../protos/generated/tributary/v1/Knobs.js';
import type { Sample } from '../../protos/generated/tributary/v1/Sample.js';
import type { ViewGroup as ViewGroupMessage } from '../../protos/generated/tributary/v1/ViewGroup.js';
import type { ViewTensor } from '../../protos/generated/tributary/v1/ViewTensor.js';
import type { Batch, BatchSample, CorruptSample } from '../batch/batch.js';
import type { GroupTensor } from '../batch/group-tensors.js';
import type { NamedSample } from '../batch/plan-batch.js';
import { camelCase } from '../contract/camel-case.js';
import { checkMessage, messageLimit, textBytes } from '../contract/message-limit.js';
import { formatCursor, nextCursor } from '../plan/cursor.js';
import { batchSeed, masksSeed } from '../plan/hash.js';
import { shares } from '../plan/mixing.js';
import { resolutionAt } from '../plan/resolution-at.js';
import { mean, std } from '../run/normalisation.js';
import type { Knobs, Run, ViewGroup } from '../run/run.js';
import { version } from '../run/version.js';

import type { OpenRun } from '../runs/open-run.js';
import { drawMasks } from '../sample/block-masks.js';
import { drawnJson } from '../sample/draw-sample.js';

/**
 * What an opened run is, as DescribeRun answers.
 * @throws TributaryError TOO_MUCH_ASKED where the names of its labels do not fit into a message.
 */
export function describeRun(open: OpenRun, backend: string): DescribeRunResponse {
  const { run, manifests, labels } = open;
  const parts = shares(open.plan);
  const { beta2, ...training } = run.training;
  const joinedBytes = textBytes(labels.classNames);
  const ownBytes = textBytes(manifests.flatMap(({ classNames }) => classNames));
  // Without the sources' own names, a run of joined labels is still told what each label is.
  const hasRoom = joinedBytes === 0 || joinedBytes + ownBytes <= messageLimit;
  checkMessage(
    hasRoom ? joinedBytes + ownBytes : joinedBytes,
    `class names of run ${run.name}`,
    'Shorten the names of its classes, or split its sources into runs',
  );
  return {
    name: run.name,
    fingerprint: open.fingerprint,
    recipe: run.recipe,
    knobs: knobsMessage(run.knobs),
    views: run.evaluate ? [] : run.views.map(viewGroup),
    resolutions: run.evaluate
      ? []
      : run.resolutions.map(({ weight, views }) => ({ weight, imageSizes: views.map(({ size }) => size) })),
    shareColorJitter: run.share_color_jitter,
    training: {
      ...camelCase(training),
      wdEnd: training.wd_end ?? 0,
      ...(beta2 === null ? {} : { beta2 }),
    },
    sources: manifests.map((manifest, i) => ({
      name: manifest.source,
      sampleCount: manifest.count,
      share: parts[i]!,
      fingerprint: manifest.fingerprint,
      layout: manifest.layout,
      classNames: hasRoom ? [...manifest.classNames] : [],
      classCount: manifest.classNames.length,
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
    classNames: [...labels.classNames],
    labels: run.labels,
    evaluate: run.evaluate,
    resizeSize: run.resize_size,
  };
}

function knobsMessage(knobs: Knobs): KnobsMessage {
  const { auto_augment, scale, ratio, blur_sigma } = knobs;
  const lists = { scale: [...scale], ratio: [...ratio], blurSigma: [...blur_sigma] };
  return { ...camelCase(knobs), autoAugment: auto_augment ?? '', ...lists };
}

function viewGroup({ name, size, of, knobs }: ViewGroup): ViewGroupMessage {
  return { name, imageSize: size, of: of ?? '', knobs: knobs.map(knobsMessage) };
}

/**
 * The header of a finished batch.
 * @throws TributaryError TOO_MUCH_ASKED where the texts of its samples do not fit into a message.
 */
export function batchHeader(open: OpenRun, batch: Batch, samples: Sample[], columns: string[] = []): BatchHeader {
  const { address } = batch;
  const texts = samples.flatMap(({ key, text, json, drawn }) => [key, text, json, drawn]);
  checkMessage(
    textBytes([...texts, ...columns]),
    `texts of step ${address.step}`,
    'Ask without text, name fewer columns of sources, or ask for a smaller share (more ranks)',
  );
  const resolution = resolutionAt(open.run, address);
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
    columns,
    nextCursor: formatCursor({ fingerprint: open.fingerprint, ...next }),
    stepsPerEpoch: open.stepsPerEpoch,
    split: open.run.split,
    evaluate: open.run.evaluate,
    seed: batchSeed(open.run.seed, address),
    ...(resolution === null ? {} : { resolution }),
    views: batch.tensors.map((tensor) => viewTensor(open.run, batch, tensor)),
    viewOrder: batch.tensors.length === 0 ? 'VIEW_ORDER_UNSPECIFIED' : `VIEW_ORDER_${batch.form.order ?? 'VIEW_MAJOR'}`,
  };
}

/** The tensor of one group, with the masks that the run has for it. */
function viewTensor(run: Run, { address, form, samples }: Batch, tensor: GroupTensor): ViewTensor {
  const { name, count, size, shape, offset, byteSize } = tensor;
  const told = { name, count, offset, byteSize, shape: [...shape] };
  const masks = run.views.find((group) => group.name === name)!.masks;
  if (masks === undefined) return told;
  const placeOf = (image: number) =>
    form.order === 'SAMPLE_MAJOR' ? (image % samples.length) * count + Math.floor(image / samples.length) : image;
  const { bits, ...more } = drawMasks(masksSeed(run.seed, address, name), samples.length * count, size, masks, placeOf);
  return { ...told, masks: { ...more, bits: Buffer.from(bits) } };
}

/** One slot of a finished batch. */
export function batchSample(sample: BatchSample, withDrawn: boolean): Sample {
  const { corrupt } = sample;
  const status = corrupt.length === 0 ? 'SAMPLE_STATUS_OK' : 'SAMPLE_STATUS_SUBSTITUTED';
  return { ...slot(sample, corrupt, withDrawn), status };
}

/** One slot of a planned batch, with its drawn parameters where they are known. */
export function plannedSample(sample: NamedSample): Sample {
  const { key, corrupt } = sample;
  return slot(sample, corrupt === null ? [] : [{ key, reason: corrupt }], true);
}

function slot(
  { source, key, seed, pass, label, draw }: Omit<NamedSample, 'corrupt'>,
  corrupt: readonly CorruptSample[],
  withDrawn: boolean,
): Sample {
  return {
    source,
    key,
    seed,
    pass,
    ...(label === null ? {} : { label: label.index, className: label.name }),
    // Several views are not erased.
    erase: draw === null ? null : draw.views[0]!.erase,
    corruptKeys: corrupt.map(({ key }) => key),
    corruptReasons: corrupt.map(({ reason }) => reason),
    ...(withDrawn && draw !== null ? { drawn: JSON.stringify(drawnJson(draw)) } : {}),
  };
}
