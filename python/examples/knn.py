"""Scores an encoder by k-NN: features of the training images find the class of the validation images, from the same replicas.

    python3 knn.py --loader HOST:PORT --run NAME

Both streams are the run's as evaluation has it: every image once, resized and centre-cropped. Their labels agree by name. The
encoder here is a small one with random weights, on the CPU: put yours in its place.
"""

from __future__ import annotations

import argparse
from typing import Tuple

import torch
from torch import nn

import tributary


def encoder(seed: int = 0) -> nn.Module:
    """Normalised images to vectors, with random weights of a seed."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 64, 8, stride=8), nn.GELU(), nn.AdaptiveAvgPool2d(2), nn.Flatten()).eval()


@torch.no_grad()
def features(model: nn.Module, loader: tributary.Loader) -> Tuple[torch.Tensor, torch.Tensor]:
    """float32 [n, d] of length 1, and int64 [n] labels, of all images of a stream that have a class."""
    vectors, labels = [], []
    for batch in loader:
        # A substitute stands in for a file that cannot be read, and comes in its own place as well.
        own = torch.tensor([sample.status == "ok" for sample in batch.samples], dtype=torch.bool)
        kept = own & (batch.labels != tributary.IGNORE)
        if kept.any():
            vectors.append(nn.functional.normalize(model(tributary.normalize(batch)[kept])))
            labels.append(batch.labels[kept])
    if not vectors:
        raise SystemExit(f"no image of run {loader.run} ({loader.describe().split}) has a class")
    return torch.cat(vectors), torch.cat(labels)


def vote(
    known: Tuple[torch.Tensor, torch.Tensor], asked: torch.Tensor, classes: int, k: int, temperature: float
) -> torch.Tensor:
    """int64 [n]: the class that the k nearest of `known` vote for, each with the weight exp(cosine / temperature)."""
    found = []
    for part in asked.split(256):
        near, index = (part @ known[0].T).topk(min(k, len(known[0])))
        votes = torch.zeros(len(part), classes).scatter_add_(1, known[1][index], (near / temperature).softmax(1))
        found.append(votes.argmax(1))
    return torch.cat(found)


def main() -> None:
    """Prints the share of validation images whose class their neighbours know."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loader", required=True, help="where replicas listen")
    parser.add_argument("--run", required=True, help="a run with labelled sources that have a validation split")
    parser.add_argument("--k", type=int, default=20)
    parser.add_argument("--temperature", type=float, default=0.07)
    options = parser.parse_args()
    model = encoder()
    with_train = tributary.Loader(options.loader, run=options.run, split="train", evaluate=True)
    with_val = tributary.Loader(options.loader, run=options.run, split="val")
    known = features(model, with_train)
    asked, labels = features(model, with_val)
    classes = len(with_val.describe().class_names)
    right = vote(known, asked, classes, options.k, options.temperature) == labels
    print(f"{len(known[0])} training images, {len(asked)} validation images, {classes} classes")
    print(f"k-NN top-1 {right.float().mean():.4f}")


if __name__ == "__main__":
    main()
