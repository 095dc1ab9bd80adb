"""How a client proves who it is, in forms that worker processes can be given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional, Union

import grpc

from tributary.errors import wrong


@dataclass(frozen=True)
class Tls:
    """Paths of PEM files, which are read anew with each connection, so that they may be renewed. `root` is the authorities'
    certificates, the system's where it is empty; `key` and `certificate` are the client's own, for mutual TLS.
    """

    root: str = ""
    key: str = ""
    certificate: str = ""

    def open(self) -> grpc.ChannelCredentials:
        """gRPC's credentials of the files as they are now; ARGUMENT_INVALID where one cannot be read."""
        return grpc.ssl_channel_credentials(_read(self.root), _read(self.key), _read(self.certificate))


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
        raise wrong("ARGUMENT_INVALID", "a PEM file that can be read", came, "Correct the path, or its rights") from None
