"""Distils a small frozen teacher into a small student on the CPU, over any number of ranks, to the same bits every time.

    python3 distill.py --loader HOST:PORT --schedule HOST:PORT --run NAME --ranks 2 --out distilled.pt

A checkpoint is written every `--checkpoint-every` steps. Killed at any moment and started again with the same arguments, it
goes on from the last one, and ends with the weights that an undisturbed run ends with. It prints the digest of these.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any, Dict

import torch
import torch.distributed as dist
from torch import nn
from torch.multiprocessing.spawn import start_processes
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils.clip_grad import clip_grad_norm_

import tributary


def encoder(width: int, seed: int) -> nn.Module:
    """A small convolutional encoder with weights of its seed: uint8 images, normalised, to vectors of 32 values."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, width, 4, stride=4), nn.GELU(), nn.Conv2d(width, 2 * width, 4, stride=4), nn.GELU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(8 * width, 32),
    )  # fmt: skip


def save(path: Path, state: Dict[str, Any]) -> None:
    """Writes a checkpoint, so that a reader finds a whole one at any moment."""
    partial = path.with_name(path.name + ".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def digest(model: nn.Module) -> str:
    """SHA-256 of all weights, in order."""
    total = hashlib.sha256()
    for value in model.state_dict().values():
        total.update(value.contiguous().numpy().tobytes())
    return total.hexdigest()


def train(rank: int, options: argparse.Namespace, rendezvous: str) -> None:
    """One rank's training, from the checkpoint where there is one."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=options.ranks)
    loader = tributary.Loader(options.loader, run=options.run, patience=options.patience, prefetch=4)
    schedule = tributary.Schedule(options.schedule, run=options.run, patience=options.patience)
    schedule.check_loader(loader)

    teacher = encoder(16, seed=1).eval().requires_grad_(False)
    student = DistributedDataParallel(encoder(8, seed=2))
    decayed = [p for p in student.parameters() if p.ndim > 1]
    others = [p for p in student.parameters() if p.ndim <= 1]
    weight_decay = schedule.weight_decay(0)
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}], lr=options.lr
    )
    if options.out.exists():
        checkpoint = torch.load(options.out)
        student.module.load_state_dict(checkpoint["student"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        loader.load_state_dict(checkpoint["loader"])

    for epoch in range(loader.epoch, options.epochs):
        loader.set_epoch(epoch)
        schedule.apply(optimizer, epoch)
        for group in optimizer.param_groups:
            group["lr"] = options.lr * schedule.learning_rate_factor(epoch)
        if rank == 0:
            print(f"epoch {epoch} weight decay {', '.join(str(g['weight_decay']) for g in optimizer.param_groups)}", flush=True)
        for batch in loader:
            images = tributary.normalize(batch)
            loss = nn.functional.mse_loss(student(images), teacher(images))
            optimizer.zero_grad()
            loss.backward()
            clip_grad_norm_(student.parameters(), 3.0)
            optimizer.step()
            dist.all_reduce(loss.detach_())
            step = epoch * len(loader) + batch.address.step + 1
            if rank == 0:
                print(f"epoch {epoch} step {batch.address.step} loss {loss.item() / options.ranks:.6f}", flush=True)
                if step % options.checkpoint_every == 0 or step == options.epochs * len(loader):
                    state = {"student": student.module.state_dict(), "optimizer": optimizer.state_dict()}
                    save(options.out, {**state, "loader": loader.state_dict()})
    if rank == 0:
        print(f"weights {digest(student.module)}", flush=True)
    dist.barrier()
    dist.destroy_process_group()


def main() -> None:
    """Reads the arguments and starts the ranks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--loader", required=True, help="loader replicas: dns:///name:port, or addresses with commas")
    parser.add_argument("--schedule", required=True, help="the schedule endpoint")
    parser.add_argument("--run", required=True, help="the run, by name")
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint; training goes on from it where it exists")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--checkpoint-every", type=int, default=1, help="steps")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds to wait for a replica")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rendezvous = os.path.join(folder, "rendezvous")
        # Forked ranks have torch imported already; nothing has been asked of a server yet, so forking is safe.
        start_processes(train, args=(options, rendezvous), nprocs=options.ranks, start_method="fork")


if __name__ == "__main__":
    main()
