"""Trainings with the Ultralytics that this process imports, for test_ultralytics_package.py: `CASE ARGUMENTS-AS-JSON`.

Prints what happened, as JSON in one line that begins with `RESULT `.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List
from unittest import mock

import torch

from tributary import Loader, TributaryError, normalize
from tributary.ultralytics import Settings, TributaryTrainer

try:
    from ultralytics.models.yolo.classify import ClassificationTrainer
except ImportError:  # before 8.0.136
    from ultralytics.yolo.v8.classify import ClassificationTrainer


def mixed(base: Any, given: Any, **more: Any) -> Any:
    """A trainer's class with the mixin, which notes of each epoch's first batch what it is, and each epoch's weight decay."""
    settings = Settings(given["loader"], given["run"], **{"arguments": {"patience": 20}, **more})

    class Trainer(TributaryTrainer, base):
        tributary = settings

        def preprocess_batch(self, batch: Any) -> Any:
            seen = self.__dict__.setdefault("seen", {})
            seen.setdefault(self.epoch, []).append((batch["img"].clone(), list(batch["im_file"]), batch["cls"].tolist()))
            return super().preprocess_batch(batch)

    return Trainer


def arguments(given: Any, **more: Any) -> Dict[str, Any]:
    return {**given["overrides"], **more}


def classify(given: Any) -> Any:
    """Mixin, then stock, with one dict of callbacks; and that the images are those of the stream, as validation has them."""
    decays: List[Any] = []
    lines: List[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("tributary").addHandler(handler)
    shared: Dict[str, Any] = {}
    if "_callbacks" in inspect.signature(ClassificationTrainer.__init__).parameters:
        name = (
            "ultralytics.utils.callbacks"
            if importlib.util.find_spec("ultralytics.utils")
            else "ultralytics.yolo.utils.callbacks"
        )
        shared = {"_callbacks": importlib.import_module(name).get_default_callbacks()}
    trainer = mixed(ClassificationTrainer, given, schedule=given["schedule"])(overrides=arguments(given, plots=True), **shared)
    callbacks = trainer.callbacks
    trainer.add_callback(
        "on_train_epoch_start", lambda t: decays.append(sorted({g["weight_decay"] for g in t.optimizer.param_groups}))
    )
    before = {event: len(listed) for event, listed in callbacks.items()}
    trainer.train()
    after = {event: len(listed) for event, listed in callbacks.items()}
    normaliser = next(t for t in trainer.test_loader.dataset.torch_transforms.transforms if type(t).__name__ == "Normalize")
    loader = Loader(given["loader"], run=given["run"], patience=20)
    for epoch, batches in trainer.seen.items():
        for step, (images, files, labels) in enumerate(batches):
            batch = loader.fetch(epoch, step)
            wanted = normalize(batch, mean=[float(v) for v in normaliser.mean], std=[float(v) for v in normaliser.std])
            assert torch.equal(images, wanted), (epoch, step)
            assert labels == batch.labels.tolist() and files == [f"{s.source}/{s.key}" for s in batch.samples]
    stock = ClassificationTrainer(overrides=arguments(given, epochs=1), **shared)
    stock.train()
    return {
        "left": [event for event in after if after[event] != before.get(event, 0)],
        "decays": [d for d in decays[: len(trainer.seen)]],
        "mean": [round(float(v), 3) for v in normaliser.mean],
        "steps": [len(batches) for batches in trainer.seen.values()],
        "lines": [line for line in lines if "decides" in line],
        "stock": stock.metrics["metrics/accuracy_top1"] >= 0,
    }


def refused(given: Any) -> Any:
    """The words of each disagreement."""
    cases: List[Any] = [
        ({"epochs": 5}, {}),
        ({"imgsz": 96}, {}),
        ({"batch": 4}, {}),
        ({"data": given["other_data"]}, {}),
        ({}, {"arguments": {"patience": 20, "data_type": "float32"}}),
    ]
    return [words(lambda m=more, s=settings: mixed(ClassificationTrainer, given, **s)(overrides=arguments(given, **m)))
            for more, settings in cases]  # fmt: skip


def words(make: Callable[[], Any]) -> str:
    trainer = make()
    try:
        trainer.train()
    except TributaryError as error:
        assert not hasattr(trainer, "seen"), "a batch came before the refusal"
        return str(error)
    return "trained"


def validate(given: Any) -> Any:
    """Training and validation without a folder of images, beside validation of the same weights from the files."""
    own = arguments(given, plots=True)
    folder = own.pop("data")
    trainer = mixed(ClassificationTrainer, {**given, "run": "bilinear"}, validate="val")(overrides=own)
    trainer.train()
    streamed = trainer.test_loader
    files = ClassificationTrainer.get_dataloader(trainer, f"{folder}/val", batch_size=16, rank=-1, mode="val")
    trainer.validator.args.plots = False
    found = {"difference": difference(streamed, files.dataset, folder), "ended": dict(trainer.metrics)}
    for name, loader in (("streamed", streamed), ("files", files)):
        trainer.validator.dataloader = loader
        with trainer._dataset():
            found[name] = trainer.validator(model=trainer.best)["metrics/accuracy_top1"]
    other = mixed(ClassificationTrainer, given, validate="val")(overrides=own)
    return {**found, "names": trainer.model.names, "transform": repr(trainer.model.transforms), "bicubic": words(lambda: other)}


def difference(streamed: Any, files: Any, folder: str) -> float:
    """The largest difference of any value of any image that a validation loader and a data set of the same files give."""
    found = differences(streamed, files, folder)
    assert None not in found.values(), found
    return max(found.values())


def differences(streamed: Any, files: Any, folder: str) -> Dict[str, Any]:
    """By file, the largest difference of any value of its images in both; None where only one of them has it."""
    found = {Path(name): image for batch in streamed for name, image in zip(batch["im_file"], batch["img"])}
    images = {Path(*name.parts[1:]): image for name, image in found.items()}
    result: Dict[str, Any] = dict.fromkeys(map(str, images))
    for i, sample in enumerate(files.samples):
        path = (sample if isinstance(sample, Path) else Path(sample[0])).relative_to(folder)
        item = files[i]
        image = item["img"] if isinstance(item, dict) else item
        result[str(path)] = float((images[path] - image).abs().max()) if path in images else None
    return result


def kinds(given: Any) -> Any:
    """How files of several kinds differ from what Ultralytics reads, by file."""
    trainer = mixed(ClassificationTrainer, {**given, "run": "kinds"}, validate="val")(overrides=arguments(given))
    trainer.model = torch.nn.Identity()
    streamed = trainer.get_dataloader("", 16, -1, "val")
    files = ClassificationTrainer.get_dataloader(trainer, f"{given['kinds']}/val", 16, -1, "val")
    return differences(streamed, files.dataset, given["kinds"])


def encoder_trainer() -> Any:
    """Upstream's distillation trainer, with a teacher "drawn:t" that is drawn here: no weights are at hand."""
    from ultralytics.models.yolo.classify.train_image_encoder import ImageEncoderTrainer
    from ultralytics.nn import teacher_model

    class Teacher(teacher_model.TeacherModel):
        def __init__(self, *_: Any, device: Any = None, **__: Any):
            super().__init__()
            torch.manual_seed(1)
            self.model = torch.nn.Conv2d(3, 8, 16, stride=16)
            self._freeze({"embed_dim": 8, "num_patches": 16, "token_types": ("cls", "patches")}, device)

        @torch.no_grad()
        def encode(self, image: Any) -> Any:
            patches = self.model(image).flatten(2).transpose(1, 2)
            return teacher_model.TeacherOutput(cls=patches.mean(1), patches=patches)

    known = {"cls": Teacher, "embed_dim": 8, "num_patches": 16, "imgsz": 64, "token_types": ("cls", "patches")}
    teacher_model.TEACHER_REGISTRY["drawn:t"] = known
    return ImageEncoderTrainer


# torch 1.13 has no autocast to float32 on a CPU, which upstream's loss asks for even where it is off.
without_autocast = mock.patch.object(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
DISTILLATION = {"teachers": "drawn:t", "imgsz": 32, "weight_decay": 0.04, "wd_end": 0.2}


def distill(given: Any) -> Any:
    """The distillation trainer, over each type of images, and over images of another size."""
    base, own = encoder_trainer(), arguments(given, **DISTILLATION)
    results: List[Any] = []
    with without_autocast:
        for kind in ("uint8", "float32", "float16"):
            more = {"schedule": given["schedule"], "arguments": {"patience": 20, "data_type": kind}}
            trainer = mixed(base, given, **more)(overrides=own)
            trainer.train()
            images = trainer.seen[0][0][0]
            batch = Loader(given["loader"], run=given["run"], patience=20).fetch(0, 0)
            assert torch.allclose(images, normalize(batch), atol=2e-3 if kind == "float16" else 1e-6)
            results.append({"shape": list(images.shape), "type": str(images.dtype), "epochs": len(trainer.seen)})
        results.append(words(lambda: mixed(base, {**given, "run": "small"})(overrides=own)))
    return results


def distill_without_files(given: Any) -> Any:
    """The distillation trainer's validation and k-NN without a folder, beside those of the same weights from the files."""
    own = arguments(given, **DISTILLATION)
    folder = own.pop("data")
    more = {"arguments": {"patience": 20, "data_type": "float32"}, "validate": "val", "knn": "knn"}
    trainer = mixed(encoder_trainer(), given, **more)(overrides=own)
    with without_autocast:
        trainer.train()
    files = trainer.build_dataset(f"{folder}/val", mode="val")
    found = {"difference": difference(trainer.test_loader, files, folder), "ended": trainer.metrics["knn/top1"]}
    for name, state in (("streamed", trainer._knn_state), ("files", {"path": Path(folder)})):
        trainer._knn_state = state
        found[name] = trainer._knn_eval()
    return found


def script(given: Any) -> Any:
    """The script that Ultralytics writes for the processes of several devices, of the trainer of the page."""
    trainer = importlib.import_module("trainer").Trainer(overrides=arguments(given))
    old, new = "ultralytics.yolo.utils.dist", "ultralytics.utils.dist"
    return importlib.import_module(new if importlib.util.find_spec("ultralytics.utils") else old).generate_ddp_file(trainer)


def rank(given: Any) -> Any:
    """One of several ranks on CPUs, which Ultralytics itself does not have: its set-up is CUDA's, and is replaced here."""

    class OnCpu(torch.nn.parallel.DistributedDataParallel):
        def __init__(self, model: Any, device_ids: Any = None, **more: Any):
            super().__init__(model, **more)

    more = {"schedule": given["schedule"], "validate": "val"}
    base = mixed(ClassificationTrainer, {**given, "run": "bilinear"}, **more)

    class Trainer(base):
        def _setup_ddp(self, *_: Any) -> None:
            torch.distributed.init_process_group("gloo")

        # torch 1.13 cannot gather, in inference mode and over gloo, what each rank has validated.
        def validate(self) -> Any:
            return {"metrics/accuracy_top1": 0.0, "metrics/accuracy_top5": 0.0}, 0.0

        def final_eval(self) -> None:
            pass

    with mock.patch.object(torch.nn.parallel, "DistributedDataParallel", OnCpu):
        trainer = Trainer(overrides=arguments(given))
        trainer.world_size = int(os.environ["WORLD_SIZE"])
        trainer.train()
    first = next(iter(trainer.model.parameters())).detach().sum().item()
    files = [file for _, names, _ in trainer.seen[0] for file in names]
    shape = list(trainer.seen[0][0][0].shape)
    validated = [file for batch in getattr(trainer, "test_loader", ()) for file in batch["im_file"]]
    return {"files": files, "epochs": len(trainer.seen), "weight": first, "shape": shape, "validated": validated}


if __name__ == "__main__":
    torch.set_num_threads(1)
    cases = {f.__name__: f for f in (classify, refused, validate, kinds, distill, distill_without_files, script, rank)}
    case: Any = cases[sys.argv[1]]
    print("RESULT " + json.dumps(case(json.loads(sys.argv[2]))), flush=True)
