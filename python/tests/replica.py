"""A replica that speaks the contract with made-up pixels, in a process of its own, with faults on demand.

`python3 -m tests.replica --port P ...` prints its port when it serves. Its bytes are a function of the address, as a
replica's are. SIGTERM drains it.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import signal
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterator, List

# Not needed here, and slow to import.
sys.modules["torch"] = None  # type: ignore[assignment]

import grpc
import numpy as np

from tests.pixels import SIZE, batch_pixels
from tributary import contract


class Service:
    """LoaderService and ScheduleService of one run, with the faults of its arguments."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.sent = 0
        self.draining = threading.Event()
        self.lock = threading.Lock()

    def refuse(self, context: grpc.ServicerContext, code: grpc.StatusCode, reason: str, text: str, **metadata: str) -> None:
        info = contract.ErrorInfo(reason=reason, domain="tributary.v1", metadata=metadata)
        status = contract.RpcStatus(code=code.value[0], message=text)
        status.details.add(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=info.SerializeToString())
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(code, text)

    def check(self, request: Any, context: grpc.ServicerContext) -> None:
        time.sleep(self.options.answer_delay)
        if self.draining.is_set():
            self.refuse(context, grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING", "the replica drains")
        if request.run.name != "synthetic":
            self.refuse(context, grpc.StatusCode.NOT_FOUND, "UNKNOWN_RUN", f"no run {request.run.name}", run=request.run.name)
        wanted = getattr(request, "expected_fingerprint", "")
        if wanted not in ("", self.options.fingerprint):
            text = f"expected {wanted}, but got {self.options.fingerprint}"
            self.refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "FINGERPRINT_MISMATCH", text)

    def describe(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.check(request, context)
        o = self.options
        answer = contract.DescribeRunResponse(
            name="synthetic", fingerprint=o.fingerprint, recipe="dinov3", steps_per_epoch=o.steps,
            samples_per_epoch=o.steps * o.global_batch, global_batch=o.global_batch, image_size=o.image_size,
            mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225], version="test",
        )  # fmt: skip
        names = ["a", "b"] if o.labelled else ["a", "b", "c"]
        answer.sources.add(name="made", sample_count=100, share=1.0, class_names=names, class_count=len(names))
        if not o.labelled:
            answer.sources.add(name="plain", sample_count=100)
        answer.class_names.extend(names)
        run = request.run
        answer.split = run.split or "train"
        answer.evaluate = run.evaluate if run.HasField("evaluate") else answer.split == "val"
        answer.training.lr0 = 2e-4
        answer.training.epochs = 5
        answer.training.weight_decay = 0.04
        answer.knobs.auto_augment = "randaugment"
        return answer

    def schedules(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.check(request, context)
        answer = contract.ListEpochSchedulesResponse(fingerprint=self.options.fingerprint)
        for epoch in range(5):
            answer.schedules.add(epoch=epoch, weight_decay=0.04 + 0.04 * epoch, learning_rate_factor=1 - 0.2 * epoch)
        return answer

    def stream(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        o = self.options
        self.check(request, context)
        if request.epoch >= 5 or request.first_step > o.steps:
            text = f"epoch {request.epoch}, step {request.first_step}"
            self.refuse(context, grpc.StatusCode.OUT_OF_RANGE, "STEP_OUT_OF_RANGE", text)
        world_size = request.world_size or 1
        if o.global_batch % world_size:
            self.refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "WORLD_SIZE_INVALID", f"{world_size} ranks", expected="8")
        stride = request.step_stride or 1
        count = request.step_count or -(-(o.steps - request.first_step) // stride)
        for index in range(count):
            step = request.first_step + index * stride
            if step >= o.steps:
                return
            self.log(f"{request.epoch} {step} {request.rank}")
            time.sleep(o.slow.get(step, o.delay))
            if step in o.corrupt_sample:
                self.refuse(context, grpc.StatusCode.DATA_LOSS, "SAMPLE_CORRUPT", f"step {step}", key="x.jpg")
            if step in o.hang:
                while context.is_active():
                    time.sleep(0.05)
            yield from self.parts(request, step, world_size)
            with self.lock:
                self.sent += 1
                if self.sent == o.die_after:
                    os.kill(os.getpid(), signal.SIGKILL)
                if self.sent == o.drain_after:
                    self.draining.set()
            if self.draining.is_set():
                self.refuse(context, grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING", "the replica drains")

    def parts(self, request: Any, step: int, world_size: int) -> Iterator[Any]:
        o = self.options
        pixels = batch_pixels(request.epoch, step, request.rank, world_size, o.global_batch, o.image_size)
        if step in o.other_bytes:
            pixels = pixels ^ np.uint8(1)
        if request.layout == 2:
            pixels = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        if request.data_type == 2:
            pixels = pixels.astype("<f4") / np.float32(255)
        if request.data_type == 4:
            pixels = (pixels.astype("<f4").view("<u4") >> 16).astype("<u2")
        raw = pixels.tobytes()
        header = contract.BatchHeader(
            run="synthetic", fingerprint=o.header_fingerprint or o.fingerprint,
            address={"epoch": request.epoch, "step": step, "rank": request.rank, "world_size": world_size},
            shape=pixels.shape, data_type=request.data_type or 1, layout=request.layout or 1, byte_size=len(raw),
            next_cursor=f"{request.epoch}:{step + 1}", steps_per_epoch=o.steps,
            seed=None if o.no_seed else 1000 * request.epoch + 10 * step + request.rank,
        )  # fmt: skip
        share = o.global_batch // world_size
        for slot in range(request.rank * share, (request.rank + 1) * share):
            sample = header.samples.add(source="made", key=f"{step}-{slot}.jpg", seed=step * 1000 + slot, status=1)
            if o.labelled:
                sample.label = slot % 2
            elif slot % 3:
                sample.label = slot % 3
            if slot % 4 == 1:
                sample.erase.top, sample.erase.left, sample.erase.height, sample.erase.width = 1, 2, 3, 4
        header.samples[0].text = "x" * o.text_bytes
        yield contract.StreamBatchesResponse(header=header)
        for offset in range(0, len(raw), o.chunk_bytes):
            if step in o.hang_inside and offset:
                time.sleep(3600)
            yield contract.StreamBatchesResponse(chunk={"offset": offset, "data": raw[offset : offset + o.chunk_bytes]})
        crc32 = zlib.crc32(raw) ^ (1 if step in o.corrupt else 0)
        yield contract.StreamBatchesResponse(trailer={"crc32": crc32})

    def log(self, line: str) -> None:
        if self.options.log:
            with self.lock, open(self.options.log, "a", encoding="ascii") as file:
                file.write(line + "\n")


def parse(arguments: List[str]) -> argparse.Namespace:
    """The faults and sizes of a replica, from its arguments."""

    def steps(text: str) -> List[int]:
        return [int(part) for part in text.split(",")]

    def slow(text: str) -> Any:
        return {int(p.split(":")[0]): float(p.split(":")[1]) for p in text.split(",")}

    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--fingerprint", default="f1")
    parser.add_argument("--header-fingerprint", default="")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--global-batch", type=int, default=8)
    parser.add_argument("--image-size", type=int, default=SIZE)
    parser.add_argument("--chunk-bytes", type=int, default=300)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--answer-delay", type=float, default=0.0)
    parser.add_argument("--slow", type=slow, default={})
    for fault in ("hang", "hang-inside", "corrupt", "other-bytes", "corrupt-sample"):
        parser.add_argument(f"--{fault}", type=steps, default=[])
    parser.add_argument("--die-after", type=int, default=0)
    parser.add_argument("--drain-after", type=int, default=0)
    parser.add_argument("--log", default="")
    parser.add_argument("--labelled", action="store_true", help="a class for every sample, and no source without")
    parser.add_argument("--no-seed", action="store_true", help="as replicas of before")
    parser.add_argument("--text-bytes", type=int, default=0)
    parser.add_argument("--tls", default="", help="a folder with key.pem and cert.pem")
    return parser.parse_args(arguments)


def main() -> None:
    options = parse(sys.argv[1:])
    service = Service(options)
    server = grpc.server(ThreadPoolExecutor(32), options=[("grpc.so_reuseport", 0)])

    def unary(method: Any, request: Any, response: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(method, request.FromString, response.SerializeToString)

    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                contract.LOADER_SERVICE,
                {
                    "DescribeRun": unary(service.describe, contract.DescribeRunRequest, contract.DescribeRunResponse),
                    "StreamBatches": grpc.unary_stream_rpc_method_handler(
                        service.stream,
                        contract.StreamBatchesRequest.FromString,
                        contract.StreamBatchesResponse.SerializeToString,
                    ),
                },
            ),
            grpc.method_handlers_generic_handler(
                contract.SCHEDULE_SERVICE,
                {
                    "ListEpochSchedules": unary(
                        service.schedules, contract.ListEpochSchedulesRequest, contract.ListEpochSchedulesResponse
                    )
                },
            ),
        )
    )
    address = f"{options.host}:{options.port}"
    if options.tls:
        pair = tuple(pathlib.Path(options.tls, name).read_bytes() for name in ("key.pem", "cert.pem"))
        port = server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    else:
        port = server.add_insecure_port(address)
    signal.signal(signal.SIGTERM, lambda *_: service.draining.set())
    server.start()
    print(port, flush=True)
    service.draining.wait()
    server.stop(2).wait()


if __name__ == "__main__":
    main()
