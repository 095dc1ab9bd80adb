"""Real replicas and schedule endpoints for tests, over a sample set of seven sources that is drawn for them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any, ClassVar, Dict, List, Sequence

from tests.fleet import FleetTest
from tributary import Loader

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "dist" / "src" / "cli" / "main.cjs"
MAKER = ROOT / "dist" / "scripts" / "make-sample-set.js"
SOURCES = ("imagenet", "coco", "objects365", "gqa", "flickr", "dota", "datacomp")

built = unittest.skipUnless(
    COMMAND.exists() and MAKER.exists() and shutil.which("node"), "the servers are not built: npm run build builds them"
)


def tributary(*arguments: str) -> str:
    """What a command of `tributary` prints."""
    return subprocess.run(["node", str(COMMAND), *arguments], check=True, capture_output=True, text=True).stdout


class Server:
    """A process of the command line: `address` once it serves, which `wait` waits for."""

    def __init__(self, *arguments: str, port: int = 0, via: Sequence[str] = ()):
        self.process = subprocess.Popen(
            [*via, "node", str(COMMAND), *arguments, "--listen", f"127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True
        )
        self.port = port
        self.metrics_port = 0

    def wait(self) -> Server:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said: Dict[str, Any] = json.loads(line)
            if said.get("msg") == "serving":
                self.port, self.metrics_port = said["port"], said["metricsPort"]
                return self
        raise RuntimeError("the server ended before it served")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def end(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


class SevenTest(FleetTest):
    """A test with real servers over the seven sources, which leaves nothing behind."""

    # Names of runs, and what they have beside the seven sources.
    runs: ClassVar[Dict[str, str]] = {"seven": "recipe: dinov3, image_size: 64, global_batch: 8, epochs: 2, wd_end: 0.2"}
    images = 56
    folder: Path
    config: str

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        made = cls.folder / "seven"
        subprocess.run(["node", str(MAKER), str(made), "--images", str(cls.images)], check=True, capture_output=True)
        config = made / "tributary.yaml"
        runs = "".join(
            f"  {name}: {{sources: [{', '.join(SOURCES)}], sample_t: 0.5, seed: 7, {more}}}\n"
            for name, more in cls.runs.items()
        )
        config.write_text(config.read_text().split("\nruns:\n")[0] + "\nruns:\n" + runs)
        cls.config = str(config)
        tributary("index", "--config", cls.config)

    def start(self, command: str = "serve", port: int = 0) -> Server:
        """A server that may not serve yet."""
        more = ["--workers", "1"] if command == "serve" else []
        server = Server(command, "--config", self.config, *more, port=port)
        self.addCleanup(server.end)
        return server

    def serve(self, command: str = "serve", count: int = 1) -> List[Server]:
        """Servers that serve."""
        return [server.wait() for server in [self.start(command) for _ in range(count)]]

    def open(self, servers: List[Server], run: str = "seven", **arguments: Any) -> Loader:
        target = ",".join(server.address for server in servers)
        loader = Loader(target, run=run, **{"epoch": 0, "patience": 20, "stall_timeout": 5, **arguments})
        self.addCleanup(loader.close)
        return loader
