"""Trains one small model twice with Ultralytics, from its own loader and from Tributary, and tells both accuracies.

    cd python && PYTHONPATH=src:.:FOLDER_OF_ULTRALYTICS python3 benchmarks/ultralytics_accuracy.py --epochs 20

Draws its images, starts its own replica, and validates both by Ultralytics' own validation, on the same files. Both
trainings have the same knobs; what they draw with them differs.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch
import ultralytics

from tests.servers import Server, tributary
from tests.shapes import draw_shapes
from tributary.ultralytics import Settings, TributaryTrainer

try:
    from ultralytics.models.yolo.classify import ClassificationTrainer
except ImportError:  # before 8.0.136
    from ultralytics.yolo.v8.classify import ClassificationTrainer  # type: ignore[no-redef]

CONFIG = """
sources: {{shapes: {data}}}
runs:
  shapes: {{recipe: default, sources: [shapes], scale: [0.5, 1], interpolation: BILINEAR, image_size: {size},
    global_batch: {batch}, epochs: {epochs}}}
"""


def main() -> None:
    """Reads the arguments, trains twice and prints two lines."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--images", type=int, default=96, help="training images of each of three classes")
    parser.add_argument("--size", type=int, default=64, help="pixels")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--lr0", type=float, default=0.002)
    parser.add_argument("--model", default="yolov8n-cls.yaml")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        data = draw_shapes(Path(folder) / "data", options.images, options.images // 2)
        config = Path(folder) / "tributary.yaml"
        config.write_text(CONFIG.format(data=data, size=options.size, batch=options.batch, epochs=options.epochs))
        tributary("index", "--config", str(config))
        server = Server("serve", "--config", str(config), "--workers", "1").wait()

        class Trainer(TributaryTrainer, ClassificationTrainer):
            tributary = Settings(server.address, "shapes")

        arguments = {
            "model": options.model, "data": str(data), "imgsz": options.size, "batch": options.batch, "workers": 0,
            "epochs": options.epochs, "optimizer": "AdamW", "lr0": options.lr0, "warmup_epochs": 0, "plots": False,
            "device": "cpu", "project": folder,
        }  # fmt: skip
        try:
            for name, kind in (("its own loader", ClassificationTrainer), ("Tributary", Trainer)):
                trainer: Any = kind(overrides={**arguments, "name": name})
                trainer.train()
                top1 = trainer.metrics["metrics/accuracy_top1"]
                print(
                    f"Ultralytics {ultralytics.__version__}, {options.epochs} epochs from {name}: validation top-1 {top1:.3f}"
                )
        finally:
            server.end()


if __name__ == "__main__":
    main()
