const perImage = 'Remove it: it combines or labels several images, or boxes, and a batch here holds images alone';
const trainer = "Remove it: it is the trainer's own setting and reaches no batch";

/**
 * Names that upstream's arguments have (ultralytics/cfg/default.yaml, `classify_augmentations`) and that are no knobs here,
 * each with what to do instead, as a sentence without its full stop.
 */
export const elsewhere: Readonly<Record<string, string>> = {
  mosaic: perImage,
  close_mosaic: perImage,
  mixup: perImage,
  cutmix: perImage,
  copy_paste: perImage,
  copy_paste_mode: perImage,
  degrees: "Remove it: upstream's classification transform does not use it; auto_augment has rotations",
  translate: "Remove it: upstream's classification transform does not use it; auto_augment has translations",
  shear: "Remove it: upstream's classification transform does not use it; auto_augment has shears",
  perspective: "Remove it: upstream's classification transform does not use it",
  bgr: "Remove it: upstream's classification transform does not use it; channels come as RGB",
  crop_fraction: 'Remove it: upstream has withdrawn it; validation crops what it resizes to',
  imgsz: 'Use image_size instead',
  size: 'Use image_size instead',
  batch: 'Use global_batch instead: the samples of a step over all ranks',
  hflip: 'Use fliplr instead',
  vflip: 'Use flipud instead',
  data: 'Use sources instead: a list of names of the config',
  mean: "Remove it: outputs are normalised with ImageNet's mean and standard deviation",
  std: "Remove it: outputs are normalised with ImageNet's mean and standard deviation",
  fraction: 'Remove it: an epoch walks whole sources; use sample_t or weights to change their shares',
  path: 'Remove it: paths belong to the sources of the config alone',
  optimizer: trainer,
  nbs: trainer,
  cos_lr: 'Use lr_schedule instead: cosine for true, linear for false',
  warmup_momentum: trainer,
  warmup_bias_lr: trainer,
  dropout: trainer,
  patience: trainer,
  amp: trainer,
  workers: trainer,
  deterministic: trainer,
  teachers: trainer,
  device: trainer,
  muon_w: trainer,
};
