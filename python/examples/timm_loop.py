"""Trains a model of timm in a loop such as its train.py has: `for input, target in loader`.

    python3 timm_loop.py --loader HOST:PORT --schedule HOST:PORT --run NAME --model resnet10t

docs/timm.md of Tributary has it explained.
"""

from __future__ import annotations

import argparse

import timm
import torch
from timm.utils import AverageMeter
from torch import nn

import tributary


def main() -> None:
    """Reads the arguments and trains."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--loader", required=True, help="loader replicas: dns:///name:port, or addresses with commas")
    parser.add_argument("--schedule", required=True, help="the schedule endpoint")
    parser.add_argument("--run", required=True, help="the run, by name")
    parser.add_argument("--model", default="resnet10t")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    with tributary.Loader(options.loader, run=options.run, batch_format="tuple", device=options.device) as loader:
        schedule = tributary.Schedule(options.schedule, run=options.run)
        schedule.check_loader(loader)
        classes = max(1, len(loader.describe().class_names))
        torch.manual_seed(0)
        model = timm.create_model(options.model, num_classes=classes).to(options.device).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=schedule.weight_decay(0))
        loss_fn = nn.CrossEntropyLoss(ignore_index=tributary.IGNORE)
        for epoch in range(loader.epoch, options.epochs):
            # As train.py does where the sampler has a set_epoch.
            loader.sampler.set_epoch(epoch)
            weight_decay = schedule.apply(optimizer, epoch)
            losses = AverageMeter()
            for input, target in loader:
                loss = loss_fn(model(input), target)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.update(loss.item(), input.size(0))
            print(f"epoch {epoch} weight decay {weight_decay:.3g} samples {losses.count} loss {losses.avg:.6f}", flush=True)


if __name__ == "__main__":
    main()
