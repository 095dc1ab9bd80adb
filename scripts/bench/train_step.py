"""A training step, fed in one of several ways: ViT-S/16 with AdamW in bfloat16 on a CUDA device; on a CPU a single convolution, to
try the program.

One argument, JSON: feed (synthetic, tributary, torchvision or opencv), device, batch, seconds; address and run for tributary; folder,
recipe, knobs and workers for the DataLoaders. Prints JSON: images_per_second, and the share of the time that the step waited for data.
"""

import json
import os
import sys
import time

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python", "src"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

SIZE, CLASSES = 224, 1000
# Steps before the measured ones: kernels are chosen and workers started in them.
WARM = 12


def make_model(device):
    if device.type == "cpu":
        parts = torch.nn.Conv2d(3, 8, 16, 16), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, CLASSES)
        return torch.nn.Sequential(*parts)
    from torchvision.models import VisionTransformer

    shape = {"num_layers": 12, "num_heads": 6, "hidden_dim": 384, "mlp_dim": 1536}
    return VisionTransformer(image_size=SIZE, patch_size=16, num_classes=CLASSES, **shape).to(device)


def synthetic(asked, device):
    """The same batch again and again."""
    images = torch.randint(0, 256, (asked["batch"], 3, SIZE, SIZE), dtype=torch.uint8, device=device)
    while True:
        yield images


def from_tributary(asked, device):
    """Batches of a replica, as its trainer takes them."""
    import tributary

    on_device = {"device": device, "pin_memory": True} if device.type == "cuda" else {}
    loader = tributary.Loader(asked["address"], run=asked["run"], epoch=0, **on_device)
    while True:
        for batch in loader:
            yield batch.images


def from_dataloader(asked, device):
    """Batches of worker processes, with Pillow and torchvision or with OpenCV."""
    from dataloader import make_loader

    more = {"uint8": True, "opencv": asked["feed"] == "opencv", "size": SIZE}
    loader = make_loader({**asked, **more}, pin_memory=device.type == "cuda", persistent_workers=True, prefetch_factor=4)
    while True:
        for images, _ in loader:
            yield images.to(device, non_blocking=True)


def main():
    asked = json.loads(sys.argv[1])
    device = torch.device(asked["device"])
    feeds = {"synthetic": synthetic, "tributary": from_tributary}
    batches = feeds.get(asked["feed"], from_dataloader)(asked, device)
    model = make_model(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, **({"fused": True} if device.type == "cuda" else {}))
    labels = torch.randint(0, CLASSES, (asked["batch"],), device=device)
    mean = torch.tensor((0.485, 0.456, 0.406), device=device).view(3, 1, 1)
    std = torch.tensor((0.229, 0.224, 0.225), device=device).view(3, 1, 1)
    taken, waited, start, step = 0, 0.0, time.monotonic(), 0
    while time.monotonic() - start < asked["seconds"] or step <= WARM:
        asked_at = time.monotonic()
        images = next(batches)
        came = time.monotonic()
        if images.shape[-1] == 3:
            images = images.permute(0, 3, 1, 2)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            loss = torch.nn.functional.cross_entropy(model((images.float() / 255 - mean) / std), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()
        step += 1
        if step == WARM:
            taken, waited, start = 0, 0.0, time.monotonic()
        elif step > WARM:
            taken += len(images)
            waited += came - asked_at
    seconds = time.monotonic() - start
    print(json.dumps({"images_per_second": taken / seconds, "waiting": waited / seconds}), flush=True)
    # Worker processes and receivers end with this one; nothing is left to wait for.
    os._exit(0)


if __name__ == "__main__":
    main()
