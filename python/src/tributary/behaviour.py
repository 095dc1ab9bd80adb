"""How a client behaves: `protos/client-behaviour.json`, which the TypeScript client reads too.

docs/client-behaviour.md shows it. Times are in seconds, but for the options of a gRPC channel.
"""

from __future__ import annotations

import json
import pkgutil
from typing import Any, Dict, Final


def _load() -> Any:
    raw = pkgutil.get_data("tributary", "behaviour.json")
    if raw is None:
        raise ImportError("behaviour.json is missing from the tributary package. Install the package again.")
    return json.loads(raw)


_data = _load()
_options: Dict[str, Any] = {name: entry["default"] for name, entry in _data["options"].items()}
_rules: Dict[str, Any] = {name: entry["value"] for name, entry in _data["rules"].items()}

LANES: Final[int] = _options["lanes"]
LEASE: Final[int] = _options["lease"]
PREFETCH: Final[int] = _options["prefetch"]
BUDGET_BYTES: Final[int] = _options["budget_bytes"]
CONNECT_TIMEOUT: Final[float] = _options["connect_timeout"]
STALL_TIMEOUT: Final[float] = _options["stall_timeout"]
PATIENCE: Final[float] = _options["patience"]
HEDGE_FACTOR: Final[float] = _options["hedge_factor"]
HEDGE_SECONDS: Final[float] = _options["hedge_seconds"]
RESOLVE_INTERVAL: Final[float] = _options["resolve_interval"]

LEAST_LANES: Final[int] = _rules["least_lanes"]
FIRST_LANES: Final[int] = _rules["first_lanes"]
LANES_PER_REPLICA: Final[int] = _rules["lanes_per_replica"]
MOST_LANES: Final[int] = _rules["most_lanes"]
CONNECTIONS: Final[int] = _rules["connections"]
STARVED_SHARE: Final[float] = _rules["starved_share"]
STARVED_SECONDS: Final[float] = _rules["starved_seconds"]
PREFETCH_PER_LANE: Final[int] = _rules["prefetch_per_lane"]
FIRST_HEDGE_SECONDS: Final[float] = _rules["first_hedge_seconds"]
HEDGE_SHARE: Final[float] = _rules["hedge_share"]
HEDGE_BURST: Final[int] = _rules["hedge_burst"]
SLOW_SECONDS: Final[float] = _rules["slow_seconds"]
MEDIAN_OF: Final[int] = _rules["median_of"]
COMPARED_BEHIND: Final[int] = _rules["compared_behind"]
CRC_ATTEMPTS: Final[int] = _rules["crc_attempts"]
TICK: Final[float] = _rules["tick"]
LONGEST_GAP: Final[float] = _rules["longest_gap"]
FIRST_PAUSE: Final[float] = _rules["first_pause"]
LONGEST_PAUSE: Final[float] = _rules["longest_pause"]
REFUSED_PAUSE: Final[float] = _rules["refused_pause"]
ASKED_FIRST: Final[int] = _rules["asked_first"]
ANSWER_SECONDS: Final[float] = _rules["answer_seconds"]
AGREE_SECONDS: Final[float] = _rules["agree_seconds"]

CHANNEL: Final[Dict[str, int]] = {name: entry["value"] for name, entry in _data["channel"].items()}


def verdict(code: str, reason: str) -> str:
    """What an error means: `end`, `refused` by this replica, or `again`, to be tried elsewhere and later."""
    verdicts = _data["verdicts"]
    return verdicts["reasons"].get(reason) or verdicts["codes"].get(code, "again")
