"""Trains a small classifier with the Trainer of Hugging Face's transformers.

    python3 transformers_trainer.py --loader HOST:PORT --schedule HOST:PORT --run NAME --out FOLDER

docs/accelerate.md of Tributary has it explained.
"""

from __future__ import annotations

import argparse
from typing import Any, Dict

import torch
from torch import nn
from transformers import Trainer, TrainerCallback, TrainingArguments

import tributary


class Classifier(nn.Module):
    """A small classifier, with the arguments and results of transformers' models."""

    def __init__(self, classes: int):
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, classes)
        )

    def forward(self, pixel_values: Any, labels: Any) -> Dict[str, Any]:
        """The loss and the logits of one batch."""
        logits = self.model(pixel_values)
        return {"loss": nn.functional.cross_entropy(logits, labels, ignore_index=tributary.IGNORE), "logits": logits}


class StreamingTrainer(Trainer):
    """A Trainer whose training batches come from a loader."""

    loader: tributary.Loader

    def get_train_dataloader(self) -> Any:
        """The loader, in a DataLoader that the Trainer takes as it is. The Trainer tells it the epoch."""
        return self.loader.dataloader()


class WeightDecay(TrainerCallback):
    """Sets the weight decay of each epoch."""

    def __init__(self, schedule: tributary.Schedule):
        self.schedule = schedule

    def on_epoch_begin(self, args: Any, state: Any, control: Any, optimizer: Any = None, **_: Any) -> None:
        """Called by the Trainer, with the epoch as a number that may have a fraction."""
        epoch = int(state.epoch or 0)
        print(f"epoch {epoch} weight decay {self.schedule.apply(optimizer, epoch):.3g}", flush=True)


def main() -> None:
    """Reads the arguments and trains."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--loader", required=True, help="loader replicas: dns:///name:port, or addresses with commas")
    parser.add_argument("--schedule", required=True, help="the schedule endpoint")
    parser.add_argument("--run", required=True, help="the run, by name")
    parser.add_argument("--out", required=True, help="a folder for checkpoints")
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    with tributary.Loader(options.loader, run=options.run, batch_format="dict") as loader:
        schedule = tributary.Schedule(options.schedule, run=options.run)
        schedule.check_loader(loader)
        classes = max(1, len(loader.describe().class_names))
        torch.manual_seed(0)
        arguments = TrainingArguments(
            options.out,
            num_train_epochs=options.epochs,
            # A batch is the run's; this number is only reported.
            per_device_train_batch_size=loader.describe().global_batch // loader.world_size,
            weight_decay=schedule.weight_decay(0),
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        )
        trainer = StreamingTrainer(Classifier(classes), arguments, callbacks=[WeightDecay(schedule)])
        trainer.loader = loader
        result = trainer.train()
        print(f"steps {result.global_step}", flush=True)


if __name__ == "__main__":
    main()
