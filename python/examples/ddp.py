"""Trains a small classifier with DistributedDataParallel, over any number of processes.

    torchrun --nproc_per_node 2 ddp.py --loader HOST:PORT --schedule HOST:PORT --run-name NAME --out checkpoint.pt

A checkpoint is written after every step; started again with the same arguments, it goes on from there. docs/ddp.md of Tributary
has it explained.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import tributary


def main() -> None:
    """Reads the arguments and trains."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--loader", required=True, help="loader replicas: dns:///name:port, or addresses with commas")
    parser.add_argument("--schedule", required=True, help="the schedule endpoint")
    parser.add_argument("--run-name", required=True, help="the run, by name: torchrun takes --run for its own --run-path")
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--max-steps", type=int, default=0, help="stop after so many steps")
    options = parser.parse_args()
    cuda = torch.cuda.is_available()
    dist.init_process_group("nccl" if cuda else "gloo")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if cuda else torch.device("cpu")
    with tributary.Loader(options.loader, run=options.run_name, device=device) as loader:
        schedule = tributary.Schedule(options.schedule, run=options.run_name)
        schedule.check_loader(loader)
        classes = max(1, len(loader.describe().class_names))
        torch.manual_seed(0)
        model = DistributedDataParallel(
            nn.Sequential(
                nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, classes)
            ).to(device)
        )
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=schedule.weight_decay(0))
        if options.out.exists():
            checkpoint = torch.load(options.out, map_location=device)
            model.module.load_state_dict(checkpoint["model"])
            optimizer.load_state_dict(checkpoint["optimizer"])
            loader.load_state_dict(checkpoint["loader"])

        steps = 0
        for epoch in range(loader.epoch, options.epochs):
            loader.set_epoch(epoch)
            schedule.apply(optimizer, epoch)
            for batch in loader:
                output = model(tributary.normalize(batch))
                loss = nn.functional.cross_entropy(output, batch.labels, ignore_index=tributary.IGNORE)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                address = batch.address
                print(f"rank {address.rank} epoch {address.epoch} step {address.step} loss {loss.item():.6f}", flush=True)
                if dist.get_rank() == 0:
                    state = {"model": model.module.state_dict(), "optimizer": optimizer.state_dict()}
                    partial = options.out.with_suffix(".partial")
                    torch.save({**state, "loader": loader.state_dict()}, partial)
                    os.replace(partial, options.out)
                steps += 1
                if steps == options.max_steps:
                    break
            if steps == options.max_steps:
                break
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
