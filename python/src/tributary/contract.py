"""The messages and methods of `protos/`, from the descriptor set that `npm run generate:python` writes.

There is no generated code: a descriptor set means the same to every version of protobuf, generated code does not.
"""

from __future__ import annotations

import pkgutil
import zlib
from typing import Any, Dict, NamedTuple, Tuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

LOADER_SERVICE = "tributary.v1.LoaderService"
# The metadata of a stream by which a replica says how many processes share its address.
PROCESSES_KEY = "tributary-processes"
SCHEDULE_SERVICE = "tributary.v1.ScheduleService"


def _load() -> Dict[str, Any]:
    raw = pkgutil.get_data("tributary", "contract.binpb")
    if raw is None:
        raise ImportError("contract.binpb is missing from the tributary package. Install the package again.")
    # A pool of its own, because google.rpc may be in the default pool already, from another package.
    pool = descriptor_pool.DescriptorPool()
    # protobuf before 4.22 makes classes through a factory object, later ones through a function.
    if hasattr(message_factory, "GetMessageClass"):
        message_class = message_factory.GetMessageClass
    else:
        message_class = getattr(message_factory, "MessageFactory")(pool).GetPrototype  # noqa: B009
    files = descriptor_pb2.FileDescriptorSet.FromString(raw).file
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    found: Dict[str, Any] = {}
    for file in files:
        for message in file.message_type:
            name = f"{file.package}.{message.name}"
            found[name] = message_class(pool.FindMessageTypeByName(name))
    return found


_messages = _load()


def message(name: str) -> Any:
    """The class of a message by its full name, such as `google.rpc.Status`; KeyError where there is none."""
    return _messages[name]


def _own(name: str) -> Any:
    return _messages[f"tributary.v1.{name}"]


BatchHeader = _own("BatchHeader")
DescribeRunRequest = _own("DescribeRunRequest")
DescribeRunResponse = _own("DescribeRunResponse")
LentMemory = _own("LentMemory")
ListEpochSchedulesRequest = _own("ListEpochSchedulesRequest")
ListEpochSchedulesResponse = _own("ListEpochSchedulesResponse")
RunSelector = _own("RunSelector")
Sample = _own("Sample")
StreamBatchesRequest = _own("StreamBatchesRequest")
StreamBatchesResponse = _own("StreamBatchesResponse")
RpcStatus = _messages["google.rpc.Status"]
ErrorInfo = _messages["google.rpc.ErrorInfo"]
RetryInfo = _messages["google.rpc.RetryInfo"]


def with_address(header: Any) -> Any:
    """A BatchHeader whose address is a message of its own, as replicas of 0.1 do not send it yet."""
    if not header.HasField("address"):
        address = header.address
        address.epoch, address.step = header.epoch, header.step
        address.rank, address.world_size = header.rank, header.world_size
    return header


class Chunk(NamedTuple):
    """A TensorChunk whose `data` are the received bytes themselves."""

    offset: int
    data: memoryview


class DamagedHeader(NamedTuple):
    """A header whose bytes are not those that were sent: of CRC-32 `came`, and not `sent`."""

    sent: int
    came: int


def read_part(raw: bytes) -> Any:
    """A StreamBatchesResponse of its encoding; a `Chunk` in the place of a chunk, which protobuf would copy twice, and a
    `DamagedHeader` in the place of a header that has another CRC-32 than its own.

    Chunks are told by the bytes that they begin with; what is not exactly a tag, an offset and data is protobuf's to read.
    """
    length, at = _varint(raw, 1)
    if raw[:1] == b"\x12" and at + length == len(raw):  # field 2, chunk
        offset = 0
        if raw[at : at + 1] == b"\x08":  # field 1, offset; absent where it is 0
            offset, at = _varint(raw, at + 1)
        if raw[at : at + 1] == b"\x12":  # field 2, data
            size, at = _varint(raw, at + 1)
            if at + size == len(raw):
                return Chunk(offset, memoryview(raw)[at:])
    part = StreamBatchesResponse.FromString(raw)
    # Replicas of before send no CRC-32 of their headers.
    if part.HasField("header_crc32"):
        came = zlib.crc32(raw[at : at + length]) if raw[:1] == b"\x0a" else -1  # field 1, header
        if came != part.header_crc32:
            return DamagedHeader(part.header_crc32, came)
    return part


def _varint(raw: bytes, at: int) -> Tuple[int, int]:
    """A varint's value, and where it ends; what ends too early has the value -1."""
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(raw):
            break
        byte = raw[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    return -1, at


# Values of DataType and Layout, by the names that a trainer gives.
DATA_TYPES = {"uint8": 1, "float32": 2, "float16": 3, "bfloat16": 4}
LAYOUTS = {"nhwc": 1, "nchw": 2}
VIEW_ORDERS = {"view_major": 1, "sample_major": 2}
# Bytes of a value of each type.
BYTES = {"uint8": 1, "float32": 4, "float16": 2, "bfloat16": 2}
