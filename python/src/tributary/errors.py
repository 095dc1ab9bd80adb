"""The one error type, and how it comes out of a gRPC error."""

from __future__ import annotations

import errno
import os
import re
from typing import Any, Dict, Mapping, Optional, Tuple

import grpc

from tributary import behaviour, contract

DOMAIN = "tributary.v1"

# Reasons that a client itself can give; the others come from a server.
_CODES = {
    "ARGUMENT_INVALID": "INVALID_ARGUMENT",
    "CURSOR_INVALID": "INVALID_ARGUMENT",
    "EPOCH_OUT_OF_RANGE": "OUT_OF_RANGE",
    "RANK_INVALID": "INVALID_ARGUMENT",
    "WORLD_SIZE_INVALID": "INVALID_ARGUMENT",
    "FINGERPRINT_MISMATCH": "FAILED_PRECONDITION",
    "CRC_MISMATCH": "DATA_LOSS",
    "REPLAY_DIFFERS": "DATA_LOSS",
    "NO_REPLICA": "UNAVAILABLE",
    "TOO_MUCH_ASKED": "RESOURCE_EXHAUSTED",
    "CLIENT_EXHAUSTED": "RESOURCE_EXHAUSTED",
    "STREAM_CANCELLED": "CANCELLED",
    "INTERNAL": "INTERNAL",
}


class TributaryError(Exception):
    """What went wrong: `reason` (a name of docs/errors.md, or the gRPC code's where a server gave none), `code` (the
    gRPC code's name) and `metadata` (the parts of the message that change from case to case).
    """

    def __init__(self, reason: str, message: str = "", *, code: str = "", metadata: Optional[Mapping[str, str]] = None):
        if not message:
            # torch raises a worker process's error again with nothing but the text of its traceback.
            found = re.findall(r"TributaryError: ([A-Z_]+): (.*)", reason)
            reason, message = found[-1] if found else ("INTERNAL", reason)
        super().__init__(message)
        self.reason = reason
        self.code = code or _CODES.get(reason, "UNKNOWN")
        self.message = message
        self.metadata: Dict[str, str] = dict(metadata or {})
        self.retry_seconds: Optional[float] = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"

    def __reduce__(self) -> Any:
        # Worker processes hand their errors over by pickle, which knows nothing of keyword arguments.
        return _restored, (self.reason, self.message, self.code, self.metadata)


def _restored(reason: str, message: str, code: str, metadata: Dict[str, str]) -> TributaryError:
    return TributaryError(reason, message, code=code, metadata=metadata)


def wrong(reason: str, expected: str, came: str, remedy: str, /, **metadata: str) -> TributaryError:
    """An error of the client's own, in the words that all of them have."""
    return TributaryError(reason, f"expected {expected}, but got {came}. {remedy}.", metadata=metadata)


def other_fingerprint(wanted: str, came: str) -> TributaryError:
    """FINGERPRINT_MISMATCH: a replica serves another run than this trainer's."""
    return wrong(
        "FINGERPRINT_MISMATCH",
        f"the run with fingerprint {wanted}",
        came,
        "The replica serves another run, or its dataset changed: start anew, or bring back the config",
        expected=wanted,
        came=came,
    )


def from_rpc(error: grpc.RpcError) -> TributaryError:
    """The error that a gRPC error carries in `grpc-status-details-bin` (google.rpc.Status with an ErrorInfo)."""
    code = error.code().name if callable(getattr(error, "code", None)) and error.code() is not None else "UNKNOWN"
    text = (error.details() if callable(getattr(error, "details", None)) else None) or code
    trailers: Any = error.trailing_metadata() if callable(getattr(error, "trailing_metadata", None)) else None
    said = None
    for key, value in trailers or ():
        if key == "grpc-status-details-bin":
            try:
                said = _said(value, code)
            except Exception:  # a damaged trailer must not hide the error that it belongs to
                said = None
    if said is None:
        own = _own_limit(code, text)
        if own is not None:
            return own
    reason, metadata, retry_seconds = said or (code, {}, None)
    result = TributaryError(reason, text, code=code, metadata=metadata)
    result.retry_seconds = retry_seconds
    return result


def _said(trailer: bytes, code: str) -> Tuple[str, Dict[str, str], Optional[float]]:
    """Reason, metadata and delay in seconds that a google.rpc.Status tells. Raises where a part of it is damaged."""
    reason, metadata, retry_seconds = code, {}, None
    for detail in contract.RpcStatus.FromString(trailer).details:
        kind = detail.type_url.rsplit("/", 1)[-1]
        if kind == "google.rpc.ErrorInfo":
            info = contract.ErrorInfo.FromString(detail.value)
            reason, metadata = info.reason or code, dict(info.metadata)
        elif kind == "google.rpc.RetryInfo":
            delay = contract.RetryInfo.FromString(detail.value).retry_delay
            retry_seconds = delay.seconds + delay.nanos / 1e9
    return reason, metadata, retry_seconds


def exhausted(error: OSError) -> Optional[TributaryError]:
    """CLIENT_EXHAUSTED where it is this process that has run out of descriptors or memory, else None."""
    return _client_exhausted(error.strerror or "") if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM) else None


def _own_limit(code: str, text: str) -> Optional[TributaryError]:
    """What gRPC itself says of a limit, on this side or the other, in words that name it; None for anything else."""
    # gRPC gives a flooded connection the same code, and has nothing but its text to tell them apart.
    if code == "RESOURCE_EXHAUSTED" and "larger than max" in text:
        return wrong(
            "TOO_MUCH_ASKED",
            f"messages of {behaviour.CHANNEL['grpc.max_receive_message_length']} bytes at most",
            f"one that is longer ({text})",
            "Ask for less in one message: no text, shorter class names, fewer epochs, a smaller inline run",
        )
    for number in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        if os.strerror(number) in text:
            return _client_exhausted(os.strerror(number))
    return None


def _client_exhausted(what: str) -> TributaryError:
    return wrong(
        "CLIENT_EXHAUSTED",
        "descriptors and memory for a connection",
        f'"{what}" in the trainer\'s own process',
        "Raise its limit (ulimit -n), or find what it leaves open",
    )
