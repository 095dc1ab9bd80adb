"""Trains a small classifier in a loop with Accelerate, over any number of processes.

    accelerate launch accelerate_loop.py --loader HOST:PORT --schedule HOST:PORT --run NAME --out FOLDER

A state is saved after every epoch; started again with the same arguments, it goes on from there. docs/accelerate.md of
Tributary has it explained.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import nn

import tributary


def main() -> None:
    """Reads the arguments and trains."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--loader", required=True, help="loader replicas: dns:///name:port, or addresses with commas")
    parser.add_argument("--schedule", required=True, help="the schedule endpoint")
    parser.add_argument("--run", required=True, help="the run, by name")
    parser.add_argument("--out", type=Path, required=True, help="a folder for the state")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--accumulate", type=int, default=1, help="steps of one optimizer step")
    parser.add_argument("--cpu", action="store_true")
    options = parser.parse_args()
    accelerator = Accelerator(cpu=options.cpu, gradient_accumulation_steps=options.accumulate)
    loader = tributary.Loader(options.loader, run=options.run, device=accelerator.device)
    schedule = tributary.Schedule(options.schedule, run=options.run)
    schedule.check_loader(loader)
    classes = max(1, len(loader.describe().class_names))

    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, classes)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=schedule.weight_decay(0))
    model, optimizer, data = accelerator.prepare(model, optimizer, loader.dataloader())
    # Whatever has a state_dict can be registered: the place in the stream goes into every saved state.
    accelerator.register_for_checkpointing(loader)
    if options.out.exists():
        accelerator.load_state(str(options.out))

    for epoch in range(loader.epoch, options.epochs):
        loader.set_epoch(epoch)
        weight_decay = schedule.apply(optimizer, epoch)
        updates = 0
        for batch in data:
            with accelerator.accumulate(model):
                output = model(tributary.normalize(batch))
                loss = nn.functional.cross_entropy(output, batch.labels, ignore_index=tributary.IGNORE)
                accelerator.backward(loss)
                optimizer.step()
                optimizer.zero_grad()
                updates += accelerator.sync_gradients
            address = batch.address
            print(f"rank {address.rank} epoch {address.epoch} step {address.step} loss {loss.item():.6f}", flush=True)
        accelerator.save_state(str(options.out))
        print(f"rank {loader.rank} epoch {epoch} weight decay {weight_decay:.3g} updates {updates}", flush=True)


if __name__ == "__main__":
    main()
