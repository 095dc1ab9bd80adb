"""Questions asked from a process of their own.

gRPC does not survive a fork: a process that has used it, if only for one answer, must not fork worker processes, and a
DataLoader does so by default. So the questions that come before the first stream (what is this run, what is its schedule)
are asked by a short-lived child process, and the main process stays fit to fork.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from typing import Any, List, Tuple

from tributary import contract, forks
from tributary.credentials import Tls
from tributary.errors import TributaryError, exhausted
from tributary.replicas import Options, Replicas, Target

# torch takes seconds to import, and is of no use to the child.
_CHILD = "import sys; sys.path[:] = {path!r}; sys.modules['torch'] = None; from tributary import apart; apart.main({answers})"

log = logging.getLogger("tributary")


def ask(
    target: Target, options: Options, method: str, request: Any, response: Any, wanted: str, count: int
) -> List[Tuple[str, Any]]:
    """Addresses and answers of up to `count` replicas, of one at least. See `Replicas.ask_all`."""
    # A function and odd options cannot be handed over, and a process that has streamed is unfit to fork already.
    handed = options.credentials is None or isinstance(options.credentials, Tls)
    if not handed or options.channel_options or forks.has_streamed() or not sys.executable:
        return _ask_here(target, options, method, request, response, wanted, count)
    question = {
        "target": target if isinstance(target, str) else list(target),
        "times": [options.connect_timeout, options.patience, options.resolve_interval],
        "tls": asdict(options.credentials) if isinstance(options.credentials, Tls) else None,
        "method": method,
        "request": [request.DESCRIPTOR.full_name, base64.b64encode(request.SerializeToString()).decode()],
        "response": response.DESCRIPTOR.full_name,
        "wanted": wanted,
        "count": count,
    }
    try:
        answer = _answer(question)
    except OSError as error:
        raise exhausted(error) or error from None
    if "error" in answer:
        error = answer["error"]
        raise TributaryError(error["reason"], error["message"], code=error["code"], metadata=error["metadata"])
    return [(address, response.FromString(base64.b64decode(raw))) for address, raw in answer["answers"]]


def _answer(question: Any) -> Any:
    """A child's answer. It has a descriptor of its own, because anything that Python imports may print."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as answers:
        try:
            program = _CHILD.format(path=[os.path.abspath(p) for p in sys.path], answers=writing)
            child = subprocess.Popen(
                [sys.executable, "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[writing],
            )
        finally:
            os.close(writing)
        said: List[bytes] = []
        with child:
            thread = threading.Thread(
                target=lambda: said.extend(child.communicate(json.dumps(question).encode())[1:]),
                name="tributary-apart",
                daemon=True,
            )
            thread.start()
            try:
                for line in answers:
                    answer = json.loads(line)
                    if "waiting" not in answer:
                        return answer
                    log.warning("%s", answer["waiting"])
            except BaseException:
                child.kill()
                raise
            finally:
                thread.join()
    text = b"".join(said).decode(errors="replace").strip()[-500:] or f"it ended with {child.returncode} and no word"
    raise TributaryError("INTERNAL", f"the process that asks a replica failed: {text}")


def _ask_here(
    target: Target, options: Options, method: str, request: Any, response: Any, wanted: str, count: int
) -> List[Tuple[str, Any]]:
    replicas = Replicas(target, options)
    try:
        return [(r.address, answer) for r, answer in replicas.ask_all(method, request, response, wanted, count)]
    finally:
        replicas.close()


class _Handler(logging.Handler):
    """Hands what this process logs to the one that has asked."""

    def __init__(self, answers: Any):
        super().__init__()
        self._answers = answers

    def emit(self, record: logging.LogRecord) -> None:
        self._answers.write(json.dumps({"waiting": record.getMessage()}) + "\n")
        self._answers.flush()


def main(descriptor: int) -> None:
    """Answers the question on standard input, as lines of JSON on a descriptor; the last one is the answer."""
    question = json.load(sys.stdin)
    answers = os.fdopen(descriptor, "w")
    log.addHandler(_Handler(answers))
    log.propagate = False
    connect_timeout, patience, resolve_interval = question["times"]
    credentials = Tls(**question["tls"]) if question["tls"] else None
    options = Options(credentials, (), connect_timeout, patience, resolve_interval)
    name, raw = question["request"]
    try:
        found = _ask_here(
            question["target"],
            options,
            question["method"],
            contract.message(name).FromString(base64.b64decode(raw)),
            contract.message(question["response"]),
            question["wanted"],
            question["count"],
        )
        result: Any = {"answers": [(a, base64.b64encode(m.SerializeToString()).decode()) for a, m in found]}
    except TributaryError as error:
        result = {"error": {"reason": error.reason, "message": error.message, "code": error.code, "metadata": error.metadata}}
    answers.write(json.dumps(result) + "\n")
    answers.flush()
