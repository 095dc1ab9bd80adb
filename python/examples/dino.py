"""Trains a small encoder by self-distillation over several views of each image, as DINO does, to the same bits every time.

    python3 dino.py --loader HOST:PORT --schedule HOST:PORT --run NAME --out dino.pt

It runs on the CPU. The run has the groups of views `global` and `local` (recipe `dinov3_vitl`, say). The student sees all
views, the teacher, which is the student's average over time, the global ones; each of the student's answers is drawn to the
teacher's answer to another view. Killed at any moment and started again with the same arguments, it goes on from its last
checkpoint, and ends with the weights that an undisturbed run ends with. It prints the digest of these.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import os
from pathlib import Path
from typing import Any, Dict

import torch
from torch import nn

import tributary

PROTOTYPES = 64


def network() -> nn.Module:
    """A small encoder that takes any size of image, and its head: [n, 3, height, width] to [n, PROTOTYPES]."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 4, stride=4), nn.GELU(), nn.Conv2d(16, 32, 4, stride=4), nn.GELU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 64), nn.GELU(), nn.Linear(64, PROTOTYPES),
    )  # fmt: skip


class Dino(nn.Module):
    """Student, teacher, and the centre of the teacher's answers. Source: Caron et al., 2021, algorithm 1."""

    centre: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.student = network()
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.register_buffer("centre", torch.zeros(PROTOTYPES))

    def loss(self, views: Dict[str, torch.Tensor], samples: int) -> torch.Tensor:
        """Cross entropy of each view of the student's with each global view of the teacher's, but for the same one."""
        answers = self.teacher(views["global"])
        wanted = ((answers - self.centre) / 0.04).softmax(-1).split(samples)
        # Crop-major: the first views of all samples come before the second ones.
        logs = [(self.student(views[name]) / 0.1).log_softmax(-1) for name in ("global", "local")]
        given = [view for log in logs for view in log.split(samples)]
        self.centre.lerp_(answers.mean(0), 0.1)
        pairs = [(t, s) for t in range(len(wanted)) for s in range(len(given)) if s != t]
        return torch.stack([-(wanted[t] * given[s]).sum(-1).mean() for t, s in pairs]).mean()

    def follow(self, momentum: float = 0.99) -> None:
        """Draws the teacher towards the student."""
        for ours, theirs in zip(self.teacher.parameters(), self.student.parameters()):
            ours.lerp_(theirs.detach(), 1 - momentum)


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


def train(options: argparse.Namespace) -> None:
    """Trains to the end, from the checkpoint where there is one."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(1)
    dino = Dino()
    loader = tributary.Loader(options.loader, run=options.run)
    schedule = tributary.Schedule(options.schedule, run=options.run)
    schedule.check_loader(loader)
    optimizer = torch.optim.AdamW(dino.student.parameters(), lr=options.lr, weight_decay=schedule.weight_decay(0))
    if options.out.exists():
        checkpoint = torch.load(options.out)
        dino.load_state_dict(checkpoint["dino"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        loader.load_state_dict(checkpoint["loader"])

    for epoch in range(loader.epoch, options.epochs):
        loader.set_epoch(epoch)
        schedule.apply(optimizer, epoch)
        print(f"epoch {epoch} weight decay {optimizer.param_groups[0]['weight_decay']}", flush=True)
        for batch in loader:
            loss = dino.loss(tributary.normalize(batch), len(batch.labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            dino.follow()
            save(options.out, {"dino": dino.state_dict(), "optimizer": optimizer.state_dict(), "loader": loader.state_dict()})
            print(f"epoch {epoch} step {batch.address.step} loss {loss.item():.6f}", flush=True)
    print(f"weights {digest(dino)}", flush=True)


def main() -> None:
    """Reads the arguments and trains."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--loader", required=True, help="loader replicas: dns:///name:port, or addresses with commas")
    parser.add_argument("--schedule", required=True, help="the schedule endpoint")
    parser.add_argument("--run", required=True, help="the run, by name")
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint; training goes on from it where it exists")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--lr", type=float, default=2e-3)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
