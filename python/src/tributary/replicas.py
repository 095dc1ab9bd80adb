"""Which replicas there are, which of them are well, and the channels to them.

A target is one DNS name that stands for all replicas, or a list of addresses. Names are resolved again every few
seconds, so that a replica that was added gets streams and one that was removed gets no new ones. gRPC's own balancing would
hide which replica answers, and so could not keep a second attempt away from the first one's replica: hence one channel
per address, or as many as there are processes behind it.
"""

from __future__ import annotations

import ipaddress
import os
import queue
import random
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple, Union

import grpc

from tributary import behaviour, contract, forks
from tributary.behaviour import verdict
from tributary.clock import Clock
from tributary.credentials import Credentials, opened
from tributary.errors import TributaryError, exhausted, from_rpc, wrong
from tributary.waiting import Waiting

Target = Union[str, Sequence[str]]


@dataclass
class Options:
    """How to reach replicas. Times in seconds."""

    credentials: Optional[Credentials] = None
    channel_options: Sequence[Tuple[str, Any]] = ()
    connect_timeout: float = behaviour.CONNECT_TIMEOUT
    patience: float = behaviour.PATIENCE
    resolve_interval: float = behaviour.RESOLVE_INTERVAL

    def __getstate__(self) -> Dict[str, Any]:
        if isinstance(self.credentials, grpc.ChannelCredentials):
            raise wrong(
                "ARGUMENT_INVALID",
                "credentials that worker processes can be given",
                "grpc.ChannelCredentials",
                "Give the paths of PEM files (tributary.Tls), or a function that makes the credentials",
            )
        return self.__dict__

    def __deepcopy__(self, _: Any) -> Options:
        return self


@dataclass
class Replica:
    """One connection to an address, and what is known of it. Guarded by the pool's condition."""

    address: str
    authority: str
    # Which of several to the address: a host's processes share one.
    connection: int = 0
    streams: int = 0
    failures: int = 0
    retry_at: float = 0.0
    slow_until: float = 0.0
    gone: bool = False
    # Whether memory is offered to it: until it has sent chunks all the same, because it is on another host.
    may_be_near: bool = True
    refused: Optional[TributaryError] = None
    last_error: Optional[TributaryError] = None
    channel: Optional[grpc.Channel] = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """The name of the connection among all."""
        return f"{self.address} {self.connection}"


_ENDPOINT = re.compile(r"(?:dns:(?:///)?|ipv4:|ipv6:)?(\[[0-9a-fA-F:.%\w]+\]|[^:/\[\]]+):(\d{1,5})")
_SOCKET = re.compile(r"unix:(?://)?(/.+)")


def endpoints(target: Target) -> List[Tuple[str, int]]:
    """Hosts and ports of a target: `loader:50051`, `[::1]:50051`, and gRPC's `dns:///loader:50051`, `ipv4:`, `ipv6:` and
    `unix:`; several in a list or with commas between. A socket is a path with port 0.
    """
    parts = target.split(",") if isinstance(target, str) else list(target)
    found = []
    for part in parts:
        text = part.strip()
        socket_path = _SOCKET.fullmatch(text)
        endpoint = _ENDPOINT.fullmatch(text)
        if socket_path:
            found.append((socket_path.group(1), 0))
        elif endpoint and 0 < int(endpoint.group(2)) < 65536:
            found.append((endpoint.group(1).strip("[]"), int(endpoint.group(2))))
        else:
            raise wrong(
                "ARGUMENT_INVALID",
                "an address host:port, or several with commas between",
                f'"{text}"',
                "Name the port as well, as in loader:50051",
                address=text,
            )
    return found


def resolve(target: Target) -> Tuple[Dict[str, str], Dict[str, str]]:
    """gRPC addresses to authorities, and the names that could not be resolved with why."""
    addresses: Dict[str, str] = {}
    failed: Dict[str, str] = {}
    for host, port in endpoints(target):
        if port == 0:
            addresses[f"unix:{host}"] = "localhost"
            continue
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            if exhausted(error) is not None:
                raise exhausted(error) from None  # type: ignore[misc]
            failed[authority] = f"the name does not resolve ({error.strerror or error})"
            continue
        for family, _, _, _, socket_address in answers:
            place = str(socket_address[0])
            if family == socket.AF_INET:
                addresses[f"ipv4:{place}:{port}"] = authority
            elif family == socket.AF_INET6 and not ipaddress.ip_address(place.split("%")[0]).is_link_local:
                addresses[f"ipv6:[{place}]:{port}"] = authority
    return addresses, failed


class Replicas:
    """A pool of replicas. `changed` is the lock of all that the pool and its users share."""

    def __init__(self, target: Target, options: Options):
        self.changed = threading.Condition()
        self.clock = Clock()
        self._target = target
        self._options = options
        self._known: Dict[str, Replica] = {}
        self._unresolved: Dict[str, str] = {}
        self._closed = threading.Event()
        self._pid = os.getpid()
        self._dice = random.Random()
        self._resolver: Optional[threading.Thread] = None
        self._waiting = Waiting()
        forks.refuse_fork()
        self._refresh()

    def watch(self) -> None:
        """Keeps names resolved until the pool is closed; addresses that are numbers need none of it."""
        names = [host for host, port in endpoints(self._target) if not (port == 0 or _is_number(host))]
        if names and self._resolver is None:
            self._resolver = threading.Thread(target=self._keep_resolving, name="tributary-names", daemon=True)
            self._resolver.start()

    def _keep_resolving(self) -> None:
        while not self._closed.wait(self._options.resolve_interval):
            self._refresh()

    def _refresh(self) -> None:
        addresses, failed = resolve(self._target)
        with self.changed:
            self._unresolved = failed
            # A name that does not resolve for a moment must not take the replicas away that it stood for.
            kept = {r.authority for r in self._known.values()} & set(failed)
            for address, authority in addresses.items():
                self._know(Replica(address, authority))
            for replica in list(self._known.values()):
                if replica.address in addresses:
                    replica.gone = False
                elif replica.authority not in kept:
                    replica.gone = True
                    if replica.streams == 0:
                        self._drop(replica)
                        del self._known[replica.key]
            self.changed.notify_all()

    def _know(self, replica: Replica) -> None:
        self._known.setdefault(replica.key, replica)

    def spread(self, replica: Replica, call: Any) -> None:
        """Makes as many connections to a replica's address as there are processes behind it, where it says so with a stream
        that has had its first message: each further one goes to the next process.
        """
        said = dict(call.initial_metadata() or ()).get(contract.PROCESSES_KEY, "1")
        with self.changed:
            for connection in range(1, min(int(said), behaviour.CONNECTIONS)):
                if not replica.gone:
                    self._know(Replica(replica.address, replica.authority, connection))

    def choose(self, avoid: Set[str]) -> Optional[Replica]:
        """A replica that is well, outside `avoid` where there is one such, or None. Call with `changed` held.

        The least used by us comes first, then those that have not been slow; chance decides among equals, so that many
        trainers spread over many replicas without knowing of each other.
        """
        now = time.monotonic()
        well = [r for r in self._known.values() if r.retry_at <= now and not r.gone]
        others = [r for r in well if r.key not in avoid]
        return min(
            others or well,
            key=lambda r: (r.slow_until > now, r.streams, r.failures > 0, self._dice.random()),
            default=None,
        )

    def well(self) -> int:
        """How many replicas there are that have not failed. Call with `changed` held, or before others know the pool."""
        return sum(not r.gone and r.failures == 0 and r.refused is None for r in self._known.values())

    def next_retry(self) -> float:
        """Seconds until a replica that is not well may be asked again. Call with `changed` held."""
        now = time.monotonic()
        return max(0.01, min((r.retry_at - now for r in self._known.values() if not r.gone), default=0.5))

    def uneven(self, than: Replica) -> bool:
        """Whether another replica that is well would have fewer of our streams even with one of `than`'s."""
        now = time.monotonic()
        return any(
            r.streams + 1 < than.streams and r.retry_at <= now and r.slow_until <= now and not r.gone and r.failures == 0
            for r in self._known.values()
        )

    def failed(self, replica: Replica, error: TributaryError) -> None:
        """Keeps a replica out of the choice for a while: longer each time, with jitter. Call with `changed` held."""
        now = time.monotonic()
        replica.last_error = error
        if replica.retry_at <= now:
            # Several streams of one replica fail together: that is one failure.
            replica.failures += 1
        if verdict(error.code, error.reason) == "refused":
            replica.refused = error
            delay = behaviour.REFUSED_PAUSE
        else:
            replica.refused = None
            pause = min(behaviour.LONGEST_PAUSE, behaviour.FIRST_PAUSE * 2.0 ** min(replica.failures - 1, 10))
            delay = max(pause, error.retry_seconds or 0.0)
        replica.retry_at = now + delay * self._dice.uniform(0.5, 1.5)

    def succeeded(self, replica: Replica) -> None:
        """Forgets a replica's failures. Call with `changed` held."""
        replica.failures = 0
        replica.retry_at = 0.0
        replica.refused = replica.last_error = None

    def all_refused(self) -> Optional[TributaryError]:
        """The refusal, where every replica refuses and waiting is of no use. Call with `changed` held."""
        refusals = [r.refused for r in self._known.values() if not r.gone]
        return refusals[0] if refusals and all(refusals) and not self._unresolved else None

    def no_replica(self, waited: float, wanted: str) -> TributaryError:
        """The one error when waiting comes to nothing: every address and why. Call with `changed` held."""
        return wrong(
            "NO_REPLICA",
            f"a replica to answer for {wanted}",
            f"none in {waited:.0f} s ({self._listed()})",
            "Start a replica of this run at the target, or raise patience",
            **self._reasons(),
        )

    def _reasons(self) -> Dict[str, str]:
        reasons = {r.address.split(":", 1)[1]: str(r.last_error) if r.last_error else "no answer" for r in self._known.values()}
        return {**reasons, **self._unresolved}

    def _listed(self) -> str:
        return "; ".join(f"{name}: {why}" for name, why in sorted(self._reasons().items())) or "the target has no addresses"

    def say(self, waited: float, wanted: str) -> None:
        """Logs what is waited for, where it takes long. Call with `changed` held."""
        self._waiting.look(waited, lambda: f"{wanted} ({self._listed()})")

    def out_of_patience(self, since: float) -> bool:
        """Whether too long has been waited since a time of the pool's clock."""
        return self.clock.waited(since, self._options.patience, self._options.connect_timeout)

    def channel(self, replica: Replica) -> grpc.Channel:
        """The channel to a replica, opened when it is first needed."""
        with self.changed:
            if self._closed.is_set():
                raise wrong("STREAM_CANCELLED", "an open loader", "a closed one", "Make a new iterator")
            if replica.channel is None:
                replica.channel = self._open(replica)
            return replica.channel

    def _open(self, replica: Replica) -> grpc.Channel:
        options: Dict[str, Any] = {
            **behaviour.CHANNEL,
            "grpc.min_reconnect_backoff_ms": int(self._options.connect_timeout * 1000),
            "grpc.default_authority": replica.authority,
            # Reading in the caller's thread moves a fifth more bytes and takes a third less CPU.
            "SingleThreadedUnaryStream": 1,
        }
        if self._options.credentials is not None:
            options["grpc.ssl_target_name_override"] = replica.authority.rpartition(":")[0]
        options.update(self._options.channel_options)
        listed = list(options.items())
        if self._options.credentials is None:
            return grpc.insecure_channel(replica.address, options=listed)
        return grpc.secure_channel(replica.address, opened(self._options.credentials), options=listed)

    def _drop(self, replica: Replica) -> None:
        channel, replica.channel = replica.channel, None
        replica.may_be_near = True
        if channel is not None:
            channel.close()

    def release(self, replica: Replica) -> None:
        """Ends the use of a replica by one stream."""
        with self.changed:
            replica.streams -= 1
            if replica.streams == 0 and (replica.gone or replica.failures):
                # A channel that failed to connect has a backoff of its own, and would hide that the replica is back.
                self._drop(replica)
            if replica.streams == 0 and replica.gone:
                self._known.pop(replica.key, None)
            self.changed.notify_all()

    def ask_all(self, method: str, request: Any, response: Any, wanted: str, count: int) -> List[Tuple[Replica, Any]]:
        """The answers of up to `count` replicas, of one at least."""
        with self.clock.ticking():
            return self._ask_all(method, request, response, wanted, count)

    def _ask_all(self, method: str, request: Any, response: Any, wanted: str, count: int) -> List[Tuple[Replica, Any]]:
        start = self.clock.now()
        while True:
            with self.changed:
                chosen: List[Replica] = []
                while len(chosen) < count:
                    replica = self.choose({r.key for r in chosen})
                    if replica is None or replica in chosen:
                        break
                    chosen.append(replica)
            answers = self._ask_each(chosen, method, request, response, lambda: self.say(self.clock.now() - start, wanted))
            if answers:
                return answers
            with self.changed:
                refusal = self.all_refused()
                if refusal is not None:
                    raise refusal
                self.say(self.clock.now() - start, wanted)
                if self.out_of_patience(start):
                    raise self.no_replica(self.clock.now() - start, wanted)
                self.changed.wait(min(self.next_retry(), 1.0))
            if self._resolver is None:
                self._refresh()

    def _ask_each(
        self, chosen: Sequence[Replica], method: str, request: Any, response: Any, say: Callable[[], None]
    ) -> List[Tuple[Replica, Any]]:
        """One question to each, at once. Once one has answered, the others have only a moment more."""
        done: queue.SimpleQueue[Tuple[Replica, Any]] = queue.SimpleQueue()
        calls = []
        for replica in chosen:
            call = self.channel(replica).unary_unary(
                method, request_serializer=type(request).SerializeToString, response_deserializer=response.FromString
            )
            future = call.future(request, timeout=behaviour.ANSWER_SECONDS)
            future.add_done_callback(lambda _, which=(replica, future): done.put(which))
            calls.append(future)
        answers: List[Tuple[Replica, Any]] = []
        failed = 0
        end = self.clock.now() + 2 * behaviour.ANSWER_SECONDS
        while len(answers) + failed < len(calls):
            try:
                replica, future = done.get(timeout=behaviour.TICK)
            except queue.Empty:
                with self.changed:
                    say()
                if self.clock.now() < end:
                    continue
                break
            try:
                answer = future.result()
            except grpc.RpcError as failure:
                error = from_rpc(failure)
                failed += 1
                with self.changed:
                    self.failed(replica, error)
                    if replica.streams == 0:
                        self._drop(replica)
                if verdict(error.code, error.reason) == "end":
                    raise error from None
            else:
                with self.changed:
                    self.succeeded(replica)
                if not answers:
                    end = self.clock.now() + behaviour.AGREE_SECONDS
                answers.append((replica, answer))
        for future in calls:
            future.cancel()
        return answers

    def stream(self, replica: Replica, request: Any) -> Any:
        """Opens StreamBatches on a replica."""
        channel = self.channel(replica)
        forks.streams()
        return channel.unary_stream(
            f"/{contract.LOADER_SERVICE}/StreamBatches",
            request_serializer=contract.StreamBatchesRequest.SerializeToString,
            response_deserializer=contract.read_part,
        )(request)

    def close(self) -> None:
        """Closes every channel and ends the thread that resolves names."""
        self._closed.set()
        if os.getpid() != self._pid:
            return
        with self.changed:
            replicas = list(self._known.values())
            self.changed.notify_all()
        for replica in replicas:
            self._drop(replica)
        resolver = self._resolver
        if resolver is not None and resolver is not threading.current_thread():
            # getaddrinfo cannot be interrupted: a dead name server may hold this thread for seconds yet.
            resolver.join(timeout=1.0)


def end_stream(call: Any) -> None:
    """Ends a stream, and reads what gRPC still has to say of it: unread, it keeps the stream's connection open for ever.

    Call from the thread that reads the stream. grpcio has no public way to read on after a cancellation.
    """
    call.cancel()
    while getattr(getattr(call, "_state", None), "due", None):
        call._consume_next_event()


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
