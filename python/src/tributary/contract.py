"""The messages and methods of `protos/`, from the descriptor set that `npm run generate:python` writes.

There is no generated code: a descriptor set means the same to every version of protobuf, generated code does not.
"""

from __future__ import annotations

import pkgutil
from typing import Any, Dict

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

LOADER_SERVICE = "tributary.v1.LoaderService"
SCHEDULE_SERVICE = "tributary.v1.ScheduleService"


def _load() -> Dict[str, Any]:
    raw = pkgutil.get_data(__package__, "contract.binpb")
    if raw is None:
        raise ImportError("contract.binpb is missing from the tributary package. Install the package again.")
    # A pool of its own, because google.rpc may be in the default pool already, from another package.
    pool = descriptor_pool.DescriptorPool()
    # protobuf before 4.22 makes classes through a factory object, later ones through a function.
    if hasattr(message_factory, "GetMessageClass"):
        message_class = message_factory.GetMessageClass
    else:
        message_class = message_factory.MessageFactory(pool).GetPrototype
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
ListEpochSchedulesRequest = _own("ListEpochSchedulesRequest")
ListEpochSchedulesResponse = _own("ListEpochSchedulesResponse")
RunSelector = _own("RunSelector")
Sample = _own("Sample")
StreamBatchesRequest = _own("StreamBatchesRequest")
StreamBatchesResponse = _own("StreamBatchesResponse")
RpcStatus = _messages["google.rpc.Status"]
ErrorInfo = _messages["google.rpc.ErrorInfo"]
RetryInfo = _messages["google.rpc.RetryInfo"]

# Values of DataType and Layout, by the names that a trainer gives.
DATA_TYPES = {"uint8": 1, "float32": 2, "float16": 3, "bfloat16": 4}
LAYOUTS = {"nhwc": 1, "nchw": 2}
