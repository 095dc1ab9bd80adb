"""How a client proves who it is, in forms that worker processes can be given."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, Union

import grpc

from tributary.errors import TributaryError, wrong


class Bearer(grpc.AuthMetadataPlugin):
    """Sends a file's token with each call."""

    def __init__(self, path: str):
        self._path = path

    def __call__(self, context: Any, callback: Any) -> None:
        """As gRPC asks for what is to go with a call."""
        try:
            token = (_read(self._path) or b"").decode("ascii").strip()
        except (TributaryError, UnicodeDecodeError) as error:
            callback((), error)
        else:
            callback((("authorization", f"Bearer {token}"),), None)


@dataclass(frozen=True)
class Tls:
    """Paths of PEM files, which are read anew with each connection, so that they may be renewed. `root` is the authorities'
    certificates, the system's where it is empty; `key` and `certificate` are the client's own, for mutual TLS. `token_file`, by
    default TRIBUTARY_TOKEN_FILE of the environment, is the path of a token, which is read with each call.
    """

    root: str = ""
    key: str = ""
    certificate: str = ""
    token_file: str = field(default_factory=lambda: os.environ.get("TRIBUTARY_TOKEN_FILE", ""))

    def open(self) -> grpc.ChannelCredentials:
        """gRPC's credentials of the files as they are now; ARGUMENT_INVALID where one cannot be read."""
        secured = grpc.ssl_channel_credentials(_read(self.root), _read(self.key), _read(self.certificate))
        if not self.token_file:
            return secured
        _read(self.token_file)
        return grpc.composite_channel_credentials(secured, grpc.metadata_call_credentials(Bearer(self.token_file)))


Credentials = Union[grpc.ChannelCredentials, Tls, Callable[[], grpc.ChannelCredentials]]


def opened(credentials: Credentials) -> grpc.ChannelCredentials:
    """gRPC's credentials of any form."""
    if isinstance(credentials, Tls):
        return credentials.open()
    return credentials if isinstance(credentials, grpc.ChannelCredentials) else credentials()


def _read(path: str) -> Optional[bytes]:
    if not path:
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        came = f"{path}: {error.strerror}"
        raise wrong("ARGUMENT_INVALID", "a file that can be read", came, "Correct the path, or its rights") from None
