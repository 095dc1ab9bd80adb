"""Trains a small classifier with Lightning, over any number of devices.

    python3 lightning_fit.py --loader HOST:PORT --schedule HOST:PORT --run NAME --out FOLDER

A checkpoint is written after every step; started again with the same arguments, it goes on from there. docs/lightning.md of
Tributary has it explained.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Dict

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn

import tributary


class Classifier(lightning.LightningModule):
    """A small classifier, the loader that feeds it, and the weight decay of its epochs."""

    def __init__(self, loader: tributary.Loader, schedule: tributary.Schedule, classes: int):
        super().__init__()
        self.loader = loader
        self.schedule = schedule
        self.model = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, classes)
        )

    def train_dataloader(self) -> Any:
        """The loader itself: Lightning tells its `sampler` the epoch, and it finds its rank by itself."""
        return self.loader

    def configure_optimizers(self) -> Any:
        """AdamW, whose weight decay the schedule sets before each epoch."""
        return torch.optim.AdamW(self.parameters(), lr=1e-3, weight_decay=self.schedule.weight_decay(0))

    def on_train_epoch_start(self) -> None:
        """Sets the epoch's weight decay."""
        optimizer: Any = self.optimizers()
        weight_decay = self.schedule.apply(optimizer, self.current_epoch)
        print(f"rank {self.global_rank} epoch {self.current_epoch} weight decay {weight_decay:.3g}", flush=True)

    def training_step(self, batch: tributary.Batch, _: int) -> Any:
        """One batch, which Lightning has brought to the device."""
        output = self.model(tributary.normalize(batch))
        loss = nn.functional.cross_entropy(output, batch.labels, ignore_index=tributary.IGNORE)
        print(
            f"rank {self.global_rank} epoch {batch.address.epoch} step {batch.address.step} loss {loss.item():.6f}", flush=True
        )
        return loss

    def on_save_checkpoint(self, checkpoint: Dict[str, Any]) -> None:
        """Puts the loader's place into the checkpoint, as Lightning does by itself only since 2.2."""
        checkpoint["tributary"] = self.loader.state_dict()

    def on_load_checkpoint(self, checkpoint: Dict[str, Any]) -> None:
        """Goes on from that place."""
        self.loader.load_state_dict(checkpoint["tributary"])


def main() -> None:
    """Reads the arguments and trains."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--loader", required=True, help="loader replicas: dns:///name:port, or addresses with commas")
    parser.add_argument("--schedule", required=True, help="the schedule endpoint")
    parser.add_argument("--run", required=True, help="the run, by name")
    parser.add_argument("--out", type=Path, required=True, help="a folder for the checkpoint")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--max-steps", type=int, default=-1, help="stop after so many steps")
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--accelerator", default="auto")
    options = parser.parse_args()
    lightning.seed_everything(0)
    with tributary.Loader(options.loader, run=options.run) as loader:
        schedule = tributary.Schedule(options.schedule, run=options.run)
        schedule.check_loader(loader)
        classes = max(1, len(loader.describe().class_names))
        trainer = lightning.Trainer(
            max_epochs=options.epochs,
            max_steps=options.max_steps,
            devices=options.devices,
            accelerator=options.accelerator,
            callbacks=[ModelCheckpoint(options.out, filename="latest", every_n_train_steps=1)],
            default_root_dir=options.out,
            logger=False,
            enable_progress_bar=False,
        )
        checkpoint = options.out / "latest.ckpt"
        path = str(checkpoint) if checkpoint.exists() else None
        trainer.fit(Classifier(loader, schedule, classes), ckpt_path=path)


if __name__ == "__main__":
    main()
