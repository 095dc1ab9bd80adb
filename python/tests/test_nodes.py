"""A loader as a node of torchdata."""

from __future__ import annotations

import importlib.util
import unittest
from typing import Any

from tests.fleet import FleetTest

STEPS = 4


def found() -> bool:
    """Whether torchdata has nodes: 0.10 and later."""
    return importlib.util.find_spec("torchdata") is not None and importlib.util.find_spec("torchdata.nodes") is not None


@unittest.skipUnless(found(), "torchdata 0.10 or later is not installed for this interpreter")
class NodesTest(FleetTest):
    def node(self, loader: Any) -> Any:
        from torchdata.nodes import Mapper

        from tributary.nodes import LoaderNode

        return Mapper(LoaderNode(loader), lambda batch: tuple(batch.address[:2]))

    def test_epochs_and_states(self) -> None:
        from torchdata.nodes import Loader as Nodes

        replica = self.replica("--steps", STEPS)
        with self.loader(replica) as loader:
            nodes = Nodes(self.node(loader))
            seen = [*nodes]
            for address in nodes:
                seen.append(address)
                if len(seen) == STEPS + 2:
                    break
            state = nodes.state_dict()
        with self.loader(replica) as loader:
            nodes = Nodes(self.node(loader))
            nodes.load_state_dict(state)
            seen += [*nodes, *nodes]
        self.assertEqual(seen, [(epoch, step) for epoch in range(3) for step in range(STEPS)])


if __name__ == "__main__":
    unittest.main()
