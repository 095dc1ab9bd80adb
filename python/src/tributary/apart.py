"""Questions asked from a process of their own.

gRPC does not survive a fork: a process that has used it, if only for one answer, must not fork worker processes, and a
DataLoader does so by default. So the questions that come before the first stream (what is this run, what is its schedule)
are asked by a short-lived child process, and the main process stays fit to fork.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import Any, List, Tuple

from tributary import contract
from tributary.errors import TributaryError
from tributary.replicas import Options, Replicas, Target, has_streamed

# torch takes seconds to import, and is of no use to the child.
_CHILD = "import sys; sys.path[:] = {path!r}; sys.modules['torch'] = None; from tributary import apart; apart.main()"


def ask(
    target: Target, options: Options, method: str, request: Any, response: Any, wanted: str, count: int
) -> List[Tuple[str, Any]]:
    """Addresses and answers of up to `count` replicas, of one at least. See `Replicas.ask_all`."""
    # Credentials and odd options cannot be handed over, and a process that has streamed is unfit to fork already.
    if options.credentials is not None or options.channel_options or has_streamed() or not sys.executable:
        return _ask_here(target, options, method, request, response, wanted, count)
    question = {
        "target": target if isinstance(target, str) else list(target),
        "times": [options.connect_timeout, options.patience, options.resolve_interval],
        "method": method,
        "request": [request.DESCRIPTOR.full_name, base64.b64encode(request.SerializeToString()).decode()],
        "response": response.DESCRIPTOR.full_name,
        "wanted": wanted,
        "count": count,
    }
    child = subprocess.run(
        [sys.executable, "-c", _CHILD.format(path=[os.path.abspath(p) for p in sys.path])],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer = json.loads(child.stdout)
    except ValueError:
        raise TributaryError("INTERNAL", f"the process that asks a replica failed: {child.stderr.strip()[-500:]}") from None
    if "error" in answer:
        error = answer["error"]
        raise TributaryError(error["reason"], error["message"], code=error["code"], metadata=error["metadata"])
    return [(address, response.FromString(base64.b64decode(raw))) for address, raw in answer["answers"]]


def _ask_here(
    target: Target, options: Options, method: str, request: Any, response: Any, wanted: str, count: int
) -> List[Tuple[str, Any]]:
    replicas = Replicas(target, options)
    try:
        return [(r.address, answer) for r, answer in replicas.ask_all(method, request, response, wanted, count)]
    finally:
        replicas.close()


def main() -> None:
    """Answers the question on standard input, as JSON, on standard output."""
    question = json.load(sys.stdin)
    connect_timeout, patience, resolve_interval = question["times"]
    options = Options(connect_timeout=connect_timeout, patience=patience, resolve_interval=resolve_interval)
    name, raw = question["request"]
    try:
        answers = _ask_here(
            question["target"],
            options,
            question["method"],
            contract.message(name).FromString(base64.b64decode(raw)),
            contract.message(question["response"]),
            question["wanted"],
            question["count"],
        )
        result: Any = {"answers": [(a, base64.b64encode(m.SerializeToString()).decode()) for a, m in answers]}
    except TributaryError as error:
        result = {"error": {"reason": error.reason, "message": error.message, "code": error.code, "metadata": error.metadata}}
    json.dump(result, sys.stdout)
