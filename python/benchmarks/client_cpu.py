"""CPU time that the client takes for an image, streaming from a real replica.

    python3 benchmarks/client_cpu.py --loader HOST:PORT --run NAME

Three figures, in turn, over the same steps: `loader`, what a trainer pays; `loader, normalized`, the same with
`tributary.normalize` of each batch; `grpc alone`, a stream whose messages are thrown away unread, which no client in Python
can go below. The replica's own time does not count; that of every thread of this process does, but for a first pass.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import Any, Callable, Tuple

import grpc

import tributary
from tributary import contract


def cpu_seconds() -> Tuple[float, float]:
    """User and system seconds of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime, used.ru_stime


def through_loader(loader: tributary.Loader, work: Callable[[tributary.Batch], Any]) -> int:
    """Streams the loader's epoch once; yields the number of images."""
    images = 0
    epoch = loader.epoch
    for batch in loader:
        images += len(batch)
        work(batch)
    # The next pass is the same epoch from its start.
    loader.set_epoch(epoch + 1)
    loader.set_epoch(epoch)
    return images


def grpc_alone(options: argparse.Namespace, chunk_bytes: int) -> int:
    """Streams the epoch's messages without looking at them; yields the number of images."""
    bare = [("grpc.max_receive_message_length", 8 << 20), ("SingleThreadedUnaryStream", 1)]
    with grpc.insecure_channel(options.loader.split(",")[0], options=bare) as channel:
        request = contract.StreamBatchesRequest(
            run=contract.RunSelector(name=options.run), data_type=1, layout=1, chunk_bytes=chunk_bytes
        )
        call = channel.unary_stream(
            f"/{contract.LOADER_SERVICE}/StreamBatches",
            request_serializer=contract.StreamBatchesRequest.SerializeToString,
            response_deserializer=len,
        )(request)
        total = sum(call)
    return total


def main() -> None:
    """Reads the arguments and prints a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--loader", required=True, help="a loader replica")
    parser.add_argument("--run", required=True, help="the run, by name")
    parser.add_argument("--passes", type=int, default=3, help="over the epoch; the first is not counted")
    parser.add_argument("--prefetch", type=int, default=2)
    parser.add_argument("--lanes", type=int, default=2)
    options = parser.parse_args()
    loader = tributary.Loader(options.loader, run=options.run, prefetch=options.prefetch, lanes=options.lanes)
    run = loader.describe()
    images = run.steps_per_epoch * run.global_batch
    figures = {
        "loader": lambda: through_loader(loader, len),
        "loader, normalized": lambda: through_loader(loader, tributary.normalize),
        "grpc alone": lambda: grpc_alone(options, 0),
        "grpc alone, chunks of 4 MiB": lambda: grpc_alone(options, (4 << 20) - (64 << 10)),
    }
    print(f"{images} images of {run.image_size} pixels a pass, in batches of {run.global_batch}; CPU milliseconds an image")
    for name, work in figures.items():
        work()
        before, start = cpu_seconds(), time.monotonic()
        for _ in range(1, options.passes):
            work()
        after, seconds = cpu_seconds(), time.monotonic() - start
        user, system = (1000 * (b - a) / (images * (options.passes - 1)) for a, b in zip(before, after))
        rate = images * (options.passes - 1) / seconds
        print(f"{name}: {user + system:.3f} (user {user:.3f}, system {system:.3f}) at {rate:.0f} images/s", flush=True)


if __name__ == "__main__":
    main()
